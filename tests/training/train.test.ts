import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { startedEngine } from '../../src/engine/running.ts';
import { readSafetensors } from '../../src/nn/safetensors/read.ts';
import { loadStateDict, stateDict } from '../../src/nn/stateDict.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import type { TrainOptions } from '../../src/training/options.ts';
import { train } from '../../src/training/train.ts';
import type { Validation } from '../../src/training/validation.ts';
import { TinyModel, makeBatches, normalization } from './tiny.ts';

let directory: string;

beforeAll(async () => {
  await startEngine();
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'phalanx-train-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

function options(model: TinyModel, changed: Partial<TrainOptions> = {}): TrainOptions {
  return {
    model,
    loss: buildLoss([{ name: 'bce', weight: 5 }, { name: 'dice' }]),
    optimizer: { name: 'adamw', learningRate: 0.02 },
    schedule: { name: 'oneCycle' },
    batches: makeBatches(5),
    batchesPerEpoch: 5,
    length: { epochs: 4 },
    precision: 'float32',
    normalization,
    seed: 3,
    ...changed,
  };
}

async function collect(events: AsyncIterable<TrainingEvent>): Promise<TrainingEvent[]> {
  const all: TrainingEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

function ofType<Type extends TrainingEvent['type']>(
  events: readonly TrainingEvent[],
  type: Type,
): (TrainingEvent & { type: Type })[] {
  return events.filter((event): event is TrainingEvent & { type: Type } => event.type === type);
}

/** A validation that gives the scores one after the other. */
function scripted(scores: readonly number[]): Validation {
  let next = 0;
  return {
    // eslint-disable-next-line @typescript-eslint/require-await
    async *run() {
      yield { done: 1, total: 1 };
      const meanDice = scores[next++]!;
      return { loss: 1, meanDice, perClass: { red: meanDice, green: meanDice }, perImage: [] };
    },
    dispose: () => undefined,
  };
}

async function withModel<R>(
  use: (model: TinyModel) => Promise<R>,
  build = () => new TinyModel(),
): Promise<R> {
  const model = build();
  try {
    return await use(model);
  } finally {
    model.dispose();
  }
}

test('the loss falls, every step is told once and in order, and no tensor is left', async () => {
  const before = tf.memory().numTensors;
  await withModel(async (model) => {
    const events = await collect(train(options(model, { length: { epochs: 12 } })));
    expect(events[0]).toMatchObject({ type: 'started', steps: 60, epochs: 12, resumedFrom: 0 });
    expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'completed', step: 60 });
    const steps = ofType(events, 'step');
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(steps.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 60 }, (_, i) => Math.floor(i / 5)));
    expect(steps.at(-1)!.loss).toBeLessThan(0.3 * steps[0]!.loss);
  });
  expect(tf.memory().numTensors).toBe(before);
});

test('bfloat16 that the machine has no instructions for is warned of, once', async () => {
  await withModel(async (model) => {
    const length = { steps: 2 };
    const events = await collect(train(options(model, { length, precision: 'bfloat16' })));
    const { bfloat16 } = startedEngine().info;
    const messages = ofType(events, 'warning').map(({ message }) => message);
    expect(messages).toEqual(bfloat16 ? [] : [expect.stringMatching(/no bfloat16 instructions/)]);
    expect(ofType(await collect(train(options(model, { length }))), 'warning')).toEqual([]);
  });
});

test('leaving the loop frees everything', async () => {
  const before = tf.memory().numTensors;
  await withModel(async (model) => {
    for await (const event of train(options(model))) if (event.type === 'step' && event.step === 3) break;
  });
  expect(tf.memory().numTensors).toBe(before);
});

test('the tensors alive after a step are those alive before it', async () => {
  await withModel(async (model) => {
    const alive = new Set<number>();
    for await (const event of train(options(model, { length: { epochs: 10 } }))) {
      if (event.type === 'step' && event.step % 5 === 0) alive.add(tf.memory().numTensors);
    }
    expect(alive.size).toBe(1);
  });
});

describe('resuming', () => {
  test('an aborted run goes on with the losses of an uninterrupted one', async () => {
    const whole = await withModel((model) => collect(train(options(model))));
    const expected = ofType(whole, 'step').map(({ loss }) => loss);

    const losses: number[] = [];
    await withModel(async (model) => {
      const controller = new AbortController();
      const first = train(options(model, { directory, signal: controller.signal }));
      for await (const event of first) {
        if (event.type !== 'step') continue;
        losses.push(event.loss);
        if (event.step === 7) controller.abort();
      }
    });
    const interruptedAt = losses.length;
    expect(interruptedAt).toBeLessThan(10);
    // Another seed: all values must come from the checkpoint.
    await withModel(
      async (model) => {
        const second = await collect(train(options(model, { directory, resume: true })));
        expect(second[0]).toMatchObject({ type: 'started', resumedFrom: interruptedAt });
        losses.push(...ofType(second, 'step').map(({ loss }) => loss));
      },
      () => new TinyModel({ seed: 99 }),
    );
    expect(losses).toEqual(expected);
  });

  test('a finished run has nothing left to do', async () => {
    await withModel(async (model) => {
      await collect(train(options(model, { directory })));
      const again = await collect(train(options(model, { directory, resume: true })));
      expect(again.map(({ type }) => type)).toEqual(['started', 'finished']);
    });
  });

  test('other settings, a damaged checkpoint and a run in the way are refused, and nothing is changed', async () => {
    await withModel(async (model) => {
      await collect(train(options(model, { directory, length: { epochs: 1 } })));
      const own = stateDict(model);

      await expect(collect(train(options(model, { directory })))).rejects.toMatchObject({
        code: 'training/run-exists',
      });
      const other = options(model, { directory, resume: true, seed: 4, length: { epochs: 1 } });
      await expect(collect(train(other))).rejects.toThrow(/expected seed 3, received seed 4/);

      const path = join(directory, 'checkpoints', 'resume.safetensors');
      const bytes = await readFile(path);
      bytes[bytes.length - 5]! ^= 4;
      await writeFile(path, bytes);
      const same = options(model, { directory, resume: true, length: { epochs: 1 } });
      await expect(collect(train(same))).rejects.toMatchObject({ code: 'training/resume-corrupt' });
      await writeFile(path, bytes.subarray(0, 200));
      await expect(collect(train(same))).rejects.toMatchObject({ code: /safetensors|training/ });
      expect(stateDict(model)).toEqual(own);
    });
  });
});

describe('validation', () => {
  test('keeps the best weights, counts patience and stops early', async () => {
    await withModel(async (model) => {
      const validation = scripted([0.3, 0.6, 0.5, 0.55, 0.9]);
      const events = await collect(
        train(options(model, { directory, validation, patience: 2, length: { epochs: 9 } })),
      );
      expect(ofType(events, 'validation').map(({ best }) => best)).toEqual([true, true, false, false]);
      expect(events.at(-1)).toMatchObject({ reason: 'early-stop', bestDice: 0.6, step: 20 });
      const best = await readSafetensors(join(directory, 'checkpoints', 'best.safetensors'));
      expect(best.metadata).toMatchObject({ step: '10', epoch: '1', meanDice: '0.6' });
      const last = await readSafetensors(join(directory, 'checkpoints', 'last.safetensors'));
      expect(last.tensors).toEqual(stateDict(model));
      loadStateDict(model, best.tensors);
      expect(last.tensors).not.toEqual(stateDict(model));
      expect((await readdir(join(directory, 'checkpoints'))).sort()).toEqual([
        'best.safetensors',
        'last.safetensors',
        'resume.safetensors',
      ]);
    });
  });

  test('every few epochs and at the end', async () => {
    await withModel(async (model) => {
      const validation = scripted([0.1, 0.2, 0.3]);
      const events = await collect(
        train(options(model, { validation, validateEvery: 2, length: { steps: 23 } })),
      );
      expect(ofType(events, 'validation').map(({ step, epoch }) => [step, epoch])).toEqual([
        [10, 1],
        [20, 3],
        [23, 4],
      ]);
    });
  });

  test('aborted between the last step of an epoch and its validation, the validation is made up for', async () => {
    await withModel(async (model) => {
      const controller = new AbortController();
      const validation = scripted([0.4]);
      const changed = { directory, validation, length: { epochs: 1 } };
      for await (const event of train(options(model, { ...changed, signal: controller.signal }))) {
        if (event.type === 'step' && event.step === 5) controller.abort();
        if (event.type === 'finished') expect(event.reason).toBe('aborted');
      }
      const resumed = await collect(train(options(model, { ...changed, resume: true })));
      expect(ofType(resumed, 'step')).toEqual([]);
      expect(ofType(resumed, 'validation')).toHaveLength(1);
      expect(resumed.at(-1)).toMatchObject({ reason: 'completed', bestDice: 0.4 });
    });
  });
});

describe('a loss that cannot be', () => {
  test('not finite: stops, keeps the weights that led to it and the batch', async () => {
    await withModel(async (model) => {
      const nan = (which: number): TrainOptions['loss'] => {
        const real = buildLoss({ name: 'bce' });
        return (logits, labels) => {
          const foreground = tf.mean(tf.cast(labels as tf.Tensor4D, 'float32'));
          return tf.add(real(logits, labels), tf.log(tf.sub(which, foreground)));
        };
      };
      // Some of a batch's pixels are foreground: log of a negative number is NaN.
      const failing = options(model, { directory, loss: nan(0) });
      const before = stateDict(model);
      await expect(collect(train(failing))).rejects.toMatchObject({ code: 'training/non-finite-loss' });
      expect(stateDict(model)).toEqual(before);
      const report = JSON.parse(
        await readFile(join(directory, 'failure', 'failure.json'), 'utf8'),
      ) as unknown;
      expect(report).toMatchObject({ step: 1, batches: [['0-0-a', '0-0-b']], loss: 'NaN', recentLosses: [] });
      const weights = await readSafetensors(join(directory, 'failure', 'weights.safetensors'));
      expect(weights.tensors).toEqual(before);
      const batch = await readSafetensors(join(directory, 'failure', 'batch.safetensors'));
      expect(batch.tensors.get('0.images')?.shape).toEqual([2, 16, 16, 3]);
    });
  });

  test('an exploding run stops with the losses that led to it', async () => {
    await withModel(async (model) => {
      const exploding = options(model, {
        directory,
        optimizer: { name: 'sgd', learningRate: 1e30 },
        schedule: { name: 'constant' },
      });
      const steps: number[] = [];
      const run = async (): Promise<void> => {
        for await (const event of train(exploding)) if (event.type === 'step') steps.push(event.loss);
      };
      await expect(run()).rejects.toThrow(/Training became unstable \(step \d+ .*failure/);
      const report = JSON.parse(await readFile(join(directory, 'failure', 'failure.json'), 'utf8')) as {
        recentLosses: number[];
      };
      expect(report.recentLosses).toEqual(steps);
      expect(steps.length).toBeGreaterThan(0);
      for (const { data } of stateDict(model).values()) {
        expect(Array.from(data as ArrayLike<number>, Number).every(Number.isFinite)).toBe(true);
      }
    });
  });

  test('negative: stops', async () => {
    await withModel(async (model) => {
      const loss: TrainOptions['loss'] = (logits) => tf.neg(tf.mean(tf.square(logits)));
      await expect(collect(train(options(model, { loss })))).rejects.toMatchObject({
        code: 'training/negative-loss',
      });
    });
  });
});

test('an epoch shorter than announced is an error', async () => {
  await withModel(async (model) => {
    await expect(collect(train(options(model, { batchesPerEpoch: 6 })))).rejects.toMatchObject({
      code: 'training/batches',
    });
  });
});

test('batches that fail end the run with their error, and nothing is left', async () => {
  const before = tf.memory().numTensors;
  await withModel(async (model) => {
    const batches: TrainOptions['batches'] = async function* (epoch, start) {
      for await (const batch of makeBatches(2)(epoch, start)) yield batch;
      throw new Error('unreadable image');
    };
    await expect(collect(train(options(model, { batches })))).rejects.toThrow('unreadable image');
  });
  expect(tf.memory().numTensors).toBe(before);
});
