import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { composedLabelSums, composedLabelSumsGradient, labelSums } from '../../src/engine/ops/labelSums.ts';
import { unpackLabels } from '../../src/engine/ops/unpackLabels.ts';

beforeAll(async () => {
  await startEngine();
});

type Shape = [batch: number, height: number, width: number, classes: number];

function randomInputs([batch, height, width, classes]: Shape): {
  logits: tf.Tensor4D;
  labels: tf.Tensor4D;
  positiveWeights: tf.Tensor1D;
} {
  const random = Random.from('label-sums', batch, height, width, classes);
  const planes = Math.ceil(classes / 32);
  const words = Int32Array.from({ length: batch * height * width * planes }, () =>
    random.integer(0, 2 ** 32),
  );
  return {
    logits: tf.randomNormal([batch, height, width, classes], 0, 6, 'float32', 1),
    labels: tf.tensor4d(words, [batch, height, width, planes], 'int32'),
    positiveWeights: tf.randomUniform([classes], 0.5, 3, 'float32', 2),
  };
}

const names = ['crossEntropy', 'intersection', 'predicted', 'target'] as const;

describe('sums of labels in one pass', () => {
  it.each<[Shape]>([
    [[1, 1, 1, 1]],
    [[2, 9, 7, 1]],
    [[1, 5, 5, 3]],
    [[2, 33, 31, 8]],
    [[2, 64, 64, 29]],
    [[1, 13, 11, 29]],
    [[1, 17, 9, 40]],
    [[1, 3, 5, 67]],
  ])('equal those of separate ops, with their gradient: %j', (shape) => {
    tf.tidy(() => {
      const inputs = randomInputs(shape);
      const { labels, positiveWeights } = inputs;
      const slopes = tf.randomNormal([4, shape[3]], 0, 1, 'float32', 3);
      const received = labelSums(inputs.logits, labels, positiveWeights);
      const expected = tf.unstack(composedLabelSums(inputs));
      for (const [row, name] of names.entries()) {
        const difference = tf.max(tf.abs(tf.sub(received[name], expected[row]!))).dataSync()[0]!;
        const scale = tf.max(tf.abs(expected[row]!)).dataSync()[0]!;
        expect(difference, name).toBeLessThanOrEqual(1e-5 * scale);
      }
      const gradientOf = (sums: (x: tf.Tensor4D) => tf.Tensor) =>
        tf.grad((x) => tf.sum(tf.mul(sums(x as tf.Tensor4D), slopes)))(inputs.logits);
      const fused = gradientOf((logits) => {
        const sums = labelSums(logits, labels, positiveWeights);
        return tf.stack(names.map((name) => sums[name]));
      });
      const separate = gradientOf((logits) => {
        const z = unpackLabels(labels, shape[3]);
        const p = tf.sigmoid(logits);
        const weight = tf.mul(z, positiveWeights);
        const entropy = tf.add(
          tf.mul(tf.sub(1, z), tf.softplus(logits)),
          tf.mul(weight, tf.softplus(tf.neg(logits))),
        );
        return tf.stack([entropy, tf.mul(p, z), p, z].map((term) => tf.sum(term, [0, 1, 2])));
      });
      const composed = composedLabelSumsGradient(slopes, inputs);
      for (const gradient of [fused, composed]) {
        expect(tf.max(tf.abs(tf.sub(gradient, separate))).dataSync()[0]!).toBeLessThan(2e-6);
      }
      expect(tf.max(tf.abs(fused)).dataSync()[0]!).toBeGreaterThan(1e-3);
    });
  });

  it('is the same every time', () => {
    tf.tidy(() => {
      const { logits, labels, positiveWeights } = randomInputs([2, 128, 128, 29]);
      const sums = () => labelSums(logits, labels, positiveWeights).crossEntropy.dataSync();
      const first = sums();
      for (let i = 0; i < 5; i++) expect(sums()).toEqual(first);
    });
  });

  it('passes NaN on, and large logits unharmed', () => {
    tf.tidy(() => {
      const labels = tf.tensor4d([1, 0, 1, 0], [1, 1, 4, 1], 'int32');
      const of = (values: number[]) => labelSums(tf.tensor4d(values, [1, 1, 4, 1]), labels, tf.tensor1d([1]));
      expect(of([Number.NaN, 0, 0, 0]).crossEntropy.dataSync()[0]).toBeNaN();
      const large = of([-1e30, 1e30, 1e30, -1e30]);
      expect(large.crossEntropy.dataSync()[0]).toBe(Math.fround(2e30));
      expect(large.intersection.dataSync()[0]).toBeCloseTo(1, 6);
    });
  });

  it('refuses labels of other sizes or too few planes', () => {
    tf.tidy(() => {
      const { logits, positiveWeights } = randomInputs([1, 4, 4, 33]);
      for (const shape of [
        [1, 4, 4, 1],
        [1, 4, 3, 2],
      ] as [number, number, number, number][]) {
        expect(() => labelSums(logits, tf.zeros(shape, 'int32'), positiveWeights)).toThrow(
          expect.objectContaining({ code: 'engine/op' }),
        );
      }
    });
  });
});
