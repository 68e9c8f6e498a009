import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { Batch } from '../../src/data/batch.ts';
import { startEngine } from '../../src/engine/engine.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import type { SegmentationOutput } from '../../src/models/segmentationModel.ts';
import type { Context } from '../../src/nn/context.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import { normalize } from '../../src/training/normalization.ts';
import { createValidation } from '../../src/training/validation.ts';
import type { ValidationProgress, ValidationResult } from '../../src/training/validation.ts';
import { TinyModel, classes, drawSample, makeBatch, normalization } from './tiny.ts';

beforeAll(async () => {
  await startEngine();
});

const SIZE = 16;
const ids = ['a', 'b', 'c', 'd', 'e'];

/** The annotation of a small sample at twice its size. */
function truth(id: string): Promise<LabelMap> {
  return Promise.resolve(drawSample(id, 2 * SIZE).labels);
}

async function* batches(): AsyncGenerator<Batch> {
  for (const part of [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]) {
    yield await Promise.resolve(makeBatch(part, SIZE));
  }
}

async function finish(
  run: AsyncGenerator<ValidationProgress, ValidationResult>,
): Promise<{ progress: number[]; result: ValidationResult }> {
  const progress: number[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done === true) return { progress, result: next.value };
    progress.push(next.value.done);
  }
}

test('loss and full-resolution Dice equal a plain computation', async () => {
  const model = new TinyModel();
  const loss = buildLoss({ name: 'bce' });
  const validation = createValidation({
    model,
    loss,
    classes,
    batches,
    images: ids.length,
    truth,
    normalization,
    precision: 'float32',
    threshold: 0.45,
  });
  const before = tf.memory().numTensors;
  const { progress, result } = await finish(validation.run());
  const alive = tf.memory().numTensors;
  const again = await finish(validation.run());
  expect(tf.memory().numTensors).toBe(alive);
  expect(again.result).toEqual(result);
  expect(progress).toEqual([2, 4, 5]);
  expect(alive).toBe(before);

  const expected = [0, 0];
  let lossSum = 0;
  for (const id of ids) {
    const labels = await truth(id);
    const batch = makeBatch([id], SIZE);
    const probabilities = tf.tidy(() => {
      const x = normalize(tf.tensor4d(Float32Array.from(batch.images), [1, SIZE, SIZE, 3]), normalization);
      const { logits } = model.forward(x, { training: false });
      lossSum += loss(logits, tf.tensor4d(batch.labels, [1, SIZE, SIZE, 1], 'int32')).dataSync()[0]!;
      const large = tf.image.resizeBilinear(logits, [2 * SIZE, 2 * SIZE], false, true);
      return tf.sigmoid(large).dataSync();
    });
    classes.forEach((_, c) => {
      const predicted = Array.from({ length: 4 * SIZE * SIZE }, (_, i) => probabilities[2 * i + c]! > 0.45);
      const target = Array.from(labels.planes[0]!, (bits) => ((bits >> c) & 1) === 1);
      const shared = predicted.filter((set, i) => set && target[i]).length;
      const areas = predicted.filter(Boolean).length + target.filter(Boolean).length;
      expected[c]! += (2 * shared) / (areas + 1e-4) / ids.length;
    });
  }
  expect(result.loss).toBeCloseTo(lossSum / ids.length, 5);
  expect(Object.keys(result.perClass)).toEqual(classes);
  classes.forEach((name, c) => expect(result.perClass[name]).toBeCloseTo(expected[c]!, 3));
  expect(result.meanDice).toBeCloseTo((expected[0]! + expected[1]!) / 2, 3);
  expect(result.perImage.map(({ id }) => id)).toEqual(ids);
  expect(result.meanDice).toBeGreaterThan(0.05);
  validation.dispose();
  model.dispose();
});

test('an annotation that cannot be read ends it with that error, and nothing is left', async () => {
  const model = new TinyModel();
  const before = tf.memory().numTensors;
  const validation = createValidation({
    model,
    loss: buildLoss({ name: 'bce' }),
    classes,
    batches,
    images: ids.length,
    truth: (id) => (id === 'c' ? Promise.reject(new Error('no annotation of c')) : truth(id)),
    normalization,
    precision: 'float32',
  });
  await expect(finish(validation.run())).rejects.toThrow('no annotation of c');
  validation.dispose();
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});

test('a sigmoid at the end of the model is noticed', async () => {
  class WithSigmoid extends TinyModel {
    protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
      return { logits: tf.sigmoid(super.compute(x, context).logits) };
    }
  }
  const model = new WithSigmoid();
  const shared = { model, classes, batches, images: ids.length, truth, normalization };
  const validation = createValidation({ ...shared, loss: buildLoss({ name: 'bce' }), precision: 'float32' });
  await expect(finish(validation.run())).rejects.toMatchObject({ code: 'loss/probabilities' });
  validation.dispose();
  model.dispose();
});
