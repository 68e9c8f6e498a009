import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test, vi } from 'vitest';
import type { Batch } from '../../src/data/batch.ts';
import { startEngine } from '../../src/engine/engine.ts';
import type { TraceReport } from '../../src/engine/compile.ts';
import { startedEngine } from '../../src/engine/running.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import type { TrainOptions } from '../../src/training/options.ts';
import { buildOptimizer } from '../../src/training/optimizers/build.ts';
import { train } from '../../src/training/train.ts';
import { createTrainStep } from '../../src/training/trainStep.ts';
import { createValidation } from '../../src/training/validation.ts';
import { TinyModel, classes, drawSample, makeBatch, makeBatches, normalization } from './tiny.ts';

beforeAll(async () => {
  await startEngine();
});

const ids = ['a', 'b', 'c', 'd', 'e'];

/** Five images in batches of two; an abort ends it as it ends a loader. */
async function* validationBatches(signal?: AbortSignal): AsyncGenerator<Batch> {
  for (let from = 0; from < ids.length; from += 2) {
    await Promise.resolve();
    signal?.throwIfAborted();
    yield makeBatch(ids.slice(from, from + 2));
  }
}

function options(model: TinyModel, changed: Partial<TrainOptions> = {}): TrainOptions {
  return {
    model,
    loss: buildLoss({ name: 'bce' }),
    optimizer: { name: 'sgd', learningRate: 0.01 },
    schedule: { name: 'constant' },
    batches: makeBatches(2),
    batchesPerEpoch: 2,
    length: { epochs: 3 },
    validation: createValidation({
      model,
      loss: buildLoss({ name: 'bce' }),
      classes,
      batches: () => validationBatches(changed.signal),
      images: ids.length,
      truth: (id) => Promise.resolve(drawSample(id, 16).labels),
      normalization,
      precision: 'float32',
    }),
    precision: 'float32',
    normalization,
    seed: 3,
    ...changed,
  };
}

async function collect(all: TrainOptions, each?: (event: TrainingEvent) => void): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of train(all)) {
    events.push(event);
    each?.(event);
  }
  all.validation?.dispose();
  return events;
}

test('three epochs with a smaller last batch of validation are three traces, told with their reason', async () => {
  const model = new TinyModel();
  const finished = vi.spyOn(startedEngine().native, 'finishGraph');
  const events = await collect(options(model));
  expect(finished).toHaveBeenCalledTimes(3);
  finished.mockRestore();
  expect(events.filter(({ type }) => type === 'validation')).toHaveLength(3);
  const traces = events.filter((event) => event.type === 'trace');
  expect(traces.map((event) => [event.function, event.traces, event.reason])).toEqual([
    ['trainStep', 1, undefined],
    ['validation', 1, undefined],
    [
      'validation',
      2,
      'argument 0 is uint8[1,16,16,3], was uint8[2,16,16,3], argument 1 is int32[1,16,16,1], was int32[2,16,16,1]',
    ],
  ]);
  for (const { seconds } of traces) expect(seconds).toBeGreaterThan(0);
  model.dispose();
});

test('aborted in the middle of a validation, the run ends with its checkpoint, and the validation is made up for', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'phalanx-traces-'));
  const model = new TinyModel();
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const aborted = await collect(options(model, { directory, signal: controller.signal }), (event) => {
    if (event.type === 'trace' && event.function === 'validation') controller.abort();
  });
  expect(aborted.filter(({ type }) => type === 'validation')).toEqual([]);
  expect(aborted.slice(-2)).toMatchObject([
    { type: 'checkpoint', kind: 'last', step: 2 },
    { type: 'finished', reason: 'aborted', step: 2 },
  ]);
  expect(tf.memory().numTensors).toBe(before);
  const resumed = await collect(options(model, { directory, resume: true }));
  expect(resumed.filter(({ type }) => type === 'validation')).toHaveLength(3);
  model.dispose();
  await rm(directory, { recursive: true });
});

test('the training step of U-Net/ResNet-34 is traced in under 3 s, and nothing is computed or held', async () => {
  const model = buildModel({
    decoder: { name: 'unet' },
    encoder: { name: 'resnet34' },
    inChannels: 3,
    classes: classes.length,
  });
  const parameters = [...model.namedParameters()].map(([name, { variable }]) => ({ name, variable }));
  const optimizer = buildOptimizer({ name: 'adamw', learningRate: 1e-3 }, parameters);
  const executed = vi.spyOn(startedEngine().native, 'executeOp');
  const resident = (): number => Math.max(process.memoryUsage.rss(), 1024 * process.resourceUsage().maxRSS);
  let before = Infinity;
  // Processor time: tests beside this one may hold the other processors.
  let startedAt = process.cpuUsage();
  const processorSeconds = (): number => {
    const { user, system } = process.cpuUsage(startedAt);
    return (user + system) / 1e6;
  };
  const traced: (TraceReport & { bytes: number; ops: number; processor: number })[] = [];
  const step = createTrainStep({
    model,
    loss: buildLoss([{ name: 'bce' }, { name: 'dice' }]),
    optimizer,
    parameters,
    normalization,
    precision: 'float32',
    clipNorm: 1,
    accumulate: 1,
    auxiliaryWeight: 0.5,
    onTrace: (report) => {
      const processor = processorSeconds();
      traced.push({ ...report, processor, bytes: resident() - before, ops: executed.mock.calls.length });
      if (report.traces === 2) throw new Error('traced');
    },
  });
  const run = (size: number): Promise<unknown> => {
    executed.mockClear();
    before = resident();
    startedAt = process.cpuUsage();
    const rates = optimizer.hyperparameters(1, { learningRate: 1e-3 });
    return step.run([makeBatch(['a', 'b'], size)], rates, Int32Array.of(1, 2));
  };
  // The first trace hands the weights over to the engine, so the second is the one whose memory counts; its step
  // would hold some 2 GB of activations.
  await run(64);
  await expect(run(512)).rejects.toThrow('traced');
  const [first, second] = traced;
  console.log(
    `traced in ${first!.processor.toFixed(2)} s, then ${second!.processor.toFixed(2)} s and ${(second!.bytes / 1e6).toFixed(0)} MB`,
  );
  expect(first!.processor).toBeLessThan(3);
  expect([first!.ops, second!.ops]).toEqual([0, 0]);
  expect(second!.bytes).toBeLessThan(100e6);
  executed.mockRestore();
  step.dispose();
  optimizer.dispose();
  model.dispose();
}, 120_000);
