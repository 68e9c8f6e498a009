import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { Batch } from '../../src/data/batch.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { startedEngine } from '../../src/engine/running.ts';
import { classAreas } from '../../src/labels/overlap.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import { classPriors } from '../../src/training/priors.ts';
import { train } from '../../src/training/train.ts';
import { createValidation } from '../../src/training/validation.ts';
import { TinyModel, classes, drawSample, makeBatch, normalization } from './tiny.ts';

beforeAll(async () => {
  await startEngine();
});

test('the priors are the shares of foreground', async () => {
  const areas = await Promise.all(['a', 'b'].map((id) => classAreas(drawSample(id, 16).labels)));
  expect(classPriors(areas, 16 ** 2, 2)).toEqual([0.25, 0.25]);
  expect(classPriors([[4], [0]], 8, 1)).toEqual([0.25]);
  expect(classPriors([], 8, 1)).toEqual([0]);
});

test.each(['float32', 'bfloat16'] as const)(
  'a small U-Net learns eight images to Dice 0.9 in %s',
  async (precision) => {
    const size = 32;
    const ids = Array.from({ length: 8 }, (_, i) => `image ${i}`);
    const model = buildModel({
      decoder: { name: 'unet', channels: [32, 16, 16] },
      encoder: { name: 'resnet18', depth: 3 },
      inChannels: 3,
      classes: classes.length,
    });
    async function* batches(): AsyncGenerator<Batch> {
      for (let i = 0; i < ids.length; i += 4)
        yield await Promise.resolve(makeBatch(ids.slice(i, i + 4), size));
    }
    const loss = buildLoss([{ name: 'bce', weight: 5 }, { name: 'dice' }]);
    const shared = { model, loss, batches, normalization, precision };
    const validation = createValidation({
      ...shared,
      classes,
      images: ids.length,
      truth: (id) => Promise.resolve(drawSample(id, size).labels),
    });
    const events = train({
      ...shared,
      optimizer: { name: 'adamw', learningRate: 3e-3 },
      schedule: { name: 'oneCycle' },
      batchesPerEpoch: 2,
      length: { epochs: 20 },
      validation,
      validateEvery: 20,
      priors: [0.25, 0.25],
      seed: 0,
    });
    let dice = 0;
    for await (const event of events) if (event.type === 'validation') dice = event.meanDice;
    expect(dice).toBeGreaterThan(0.9);
    validation.dispose();
    model.dispose();
  },
);

test('deep supervision adds the losses of feature maps, each times its weight, and trains', async () => {
  const batch = makeBatch(['a', 'b', 'c', 'd'], 32);
  async function trainWith(deepSupervision: boolean | readonly number[], steps: number) {
    const model = buildModel({
      decoder: { name: 'fpn', pyramidChannels: 32, segmentationChannels: 32, dropout: 0, deepSupervision },
      encoder: { name: 'resnet18', depth: 3 },
      inChannels: 3,
      classes: classes.length,
    });
    const heads = [...model.namedParameters()].filter(([name]) => name.startsWith('deep_supervision_heads'));
    const valuesOf = () => heads.map(([, { variable }]) => [...variable.dataSync()]);
    const before = valuesOf();
    const events = train({
      model,
      loss: buildLoss([{ name: 'bce' }, { name: 'dice' }]),
      optimizer: { name: 'adam', learningRate: 1e-3 },
      schedule: { name: 'constant' },
      async *batches() {
        for (;;) yield await Promise.resolve(batch);
      },
      batchesPerEpoch: steps,
      length: { epochs: 1 },
      precision: 'float32',
      normalization,
      seed: 0,
    });
    const losses: number[] = [];
    for await (const event of events) if (event.type === 'step') losses.push(event.loss);
    const trained = valuesOf().map((values, index) =>
      values.some((value, at) => value !== before[index]![at]),
    );
    model.dispose();
    return { losses, trained };
  }

  const plain = await trainWith(false, 1);
  expect(plain.trained).toEqual([]);
  const muted = await trainWith([0, 0, 0, 0], 1);
  expect(muted.losses[0]).toBeCloseTo(plain.losses[0]!, 5);
  expect(muted.trained).toEqual(new Array<boolean>(8).fill(false));
  // What each adds to the first step's loss.
  const added = async (weights: readonly number[]) =>
    (await trainWith(weights, 1)).losses[0]! - plain.losses[0]!;
  const [first, others] = [await added([1, 0, 0, 0]), await added([0, 1, 1, 1])];
  expect(Math.min(first, others)).toBeGreaterThan(0.1);
  expect(await added([0.5, 2, 2, 2])).toBeCloseTo(0.5 * first + 2 * others, 4);

  const { losses, trained } = await trainWith([0.25, 0.25, 0.5, 0.5], 15);
  expect(trained).toEqual(new Array<boolean>(8).fill(true));
  expect(losses.at(-1)! / losses[0]!).toBeLessThan(0.6);
});

test('memory stays flat from step 50 to step 250', async () => {
  const model = new TinyModel();
  const batch = makeBatch(['a', 'b', 'c', 'd'], 128);
  const events = train({
    model,
    loss: buildLoss([{ name: 'bce' }, { name: 'dice' }]),
    optimizer: { name: 'adamw', learningRate: 1e-3 },
    schedule: { name: 'constant' },
    async *batches() {
      for (;;) yield await Promise.resolve(batch);
    },
    batchesPerEpoch: 250,
    length: { epochs: 1 },
    precision: 'float32',
    normalization,
    seed: 0,
  });
  const { native } = startedEngine();
  const seen = new Map<number, { tensors: number; engineTensors: number; megabytes: number }>();
  for await (const event of events) {
    if (event.type !== 'step' || event.step % 50 !== 0) continue;
    const megabytes = process.memoryUsage().rss / 2 ** 20;
    seen.set(event.step, {
      tensors: tf.memory().numTensors,
      engineTensors: native.getNumOfTensors(),
      megabytes,
    });
  }
  const [early, late] = [seen.get(50)!, seen.get(200)!];
  expect(late.tensors).toBe(early.tensors);
  expect(late.engineTensors).toBe(early.engineTensors);
  // One step's activations alone are 20 MB: leaking a single one of them per step would show.
  expect(late.megabytes - early.megabytes).toBeLessThan(100);
  model.dispose();
});
