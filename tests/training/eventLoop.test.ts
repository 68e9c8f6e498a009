import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { buildTransform } from '../../src/augment/build.ts';
import { compose } from '../../src/augment/compose.ts';
import type { Sample, SampleEntry } from '../../src/data/dataset.ts';
import { loadBatches } from '../../src/data/loader/loadBatches.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import type { TrainOptions } from '../../src/training/options.ts';
import { train } from '../../src/training/train.ts';
import { TinyModel, classes, drawSample, makeBatch, normalization } from './tiny.ts';

beforeAll(async () => {
  await startEngine();
});

const shared = {
  loss: buildLoss([{ name: 'bce' }, { name: 'dice' }]),
  optimizer: { name: 'adamw', learningRate: 1e-4 },
  schedule: { name: 'constant' },
  precision: 'float32',
  normalization,
  seed: 1,
} as const satisfies Partial<TrainOptions>;

test('the event loop is free while a U-Net trains from a loader that augments', async () => {
  const [size, steps] = [192, 25];
  const entries: SampleEntry[] = Array.from({ length: 4 }, (_, i) => ({
    id: `image ${i}`,
    person: `person ${i}`,
    imagePath: '',
  }));
  const drawn = new Map(entries.map(({ id }) => [id, drawSample(id, size)]));
  const read = ({ id }: SampleEntry): Promise<Sample> => {
    const { image, labels } = drawn.get(id)!;
    return Promise.resolve({
      image: { width: size, height: size, channels: 3, data: image.slice() },
      labels: { ...labels, planes: labels.planes.map((plane) => plane.slice()) },
    });
  };
  const transform = buildTransform(
    compose([
      { name: 'HorizontalFlip', p: 0.5 },
      { name: 'Rotate', limit: 30, p: 1 },
      { name: 'CLAHE', p: 1 },
    ]),
  );
  const model = buildModel({
    decoder: { name: 'unet' },
    encoder: { name: 'resnet18' },
    inChannels: 3,
    classes: classes.length,
  });
  const events = train({
    ...shared,
    model,
    batches: (epoch, startBatch) =>
      loadBatches({ cache: { read }, entries, batchSize: 2, seed: 1, epoch, startBatch, transform }),
    batchesPerEpoch: 2,
    length: { steps },
  });
  const delay = monitorEventLoopDelay({ resolution: 2 });
  const withinStep = monitorEventLoopDelay({ resolution: 2 });
  const seconds: number[] = [];
  const longest: number[] = [];
  for await (const event of events) {
    if (event.type !== 'step') continue;
    // The first steps hold the trace and TensorFlow's optimizations of the graph.
    if (event.step === 2) for (const each of [delay, withinStep]) each.enable();
    if (event.step <= 2) continue;
    seconds.push(event.seconds);
    longest.push(withinStep.max / 1e6);
    withinStep.reset();
  }
  for (const each of [delay, withinStep]) each.disable();
  model.dispose();
  longest.sort((a, b) => a - b);
  const usualLongest = longest[Math.floor(longest.length / 2)]!;
  const mean = seconds.reduce((sum, value) => sum + value, 0) / seconds.length;
  // perf_hooks counts the time between two timers, so their own distance is part of it.
  const late = (percentile: number): number => delay.percentile(percentile) / 1e6 - 2;
  console.log(
    `step ${(1000 * mean).toFixed(0)} ms; event loop late by ${late(50).toFixed(1)} ms (median), ` +
      `${late(99).toFixed(1)} ms (99th percentile), ${(delay.max / 1e6).toFixed(1)} ms (most); longest pause of a step ${usualLongest.toFixed(1)} ms (median)`,
  );
  expect(mean).toBeGreaterThan(0.15);
  expect(late(99)).toBeLessThan(20);
  // Few of the samples of a long step would show a pause that every step has.
  expect(usualLongest).toBeLessThan(20);
}, 120_000);

test('batches are loaded while the step before them runs', async () => {
  const model = new TinyModel();
  const batches = [0, 1, 2].map((i) => makeBatch([`${i}a`, `${i}b`], 256));
  const [steps, skipped] = [12, 3];
  /** Seconds of a step when each batch takes `pause` seconds to load. */
  const measure = async (pause: number): Promise<number> => {
    const events = train({
      ...shared,
      model,
      async *batches(_epoch, start) {
        for (let i = start; i < steps; i++) {
          await sleep(1000 * pause);
          yield batches[i % batches.length]!;
        }
      },
      batchesPerEpoch: steps,
      length: { steps },
    });
    let sum = 0;
    for await (const event of events) if (event.type === 'step' && event.step > skipped) sum += event.seconds;
    return sum / (steps - skipped);
  };
  const step = await measure(0);
  const both = await measure(step);
  console.log(`step ${(1000 * step).toFixed(0)} ms, with as long a load ${(1000 * both).toFixed(0)} ms`);
  expect(both).toBeLessThan(1.6 * step);
  model.dispose();
}, 60_000);
