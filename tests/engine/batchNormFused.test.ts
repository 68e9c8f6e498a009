import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { batchNormTraining, composedBatchNormTraining } from '../../src/engine/ops/batchNorm.ts';
import type { Activation, AfterNorm } from '../../src/engine/ops/batchNorm.ts';
import { normal } from './gradientCheck.ts';

beforeAll(async () => {
  await startEngine();
});

type Shape = [batch: number, height: number, width: number, channels: number];
type Implementation = typeof composedBatchNormTraining;

const shapes: Shape[] = [
  [2, 1, 1, 5],
  [2, 3, 3, 1],
  [1, 7, 5, 3],
  [2, 17, 13, 12],
  [2, 64, 48, 16],
  [3, 9, 11, 29],
  [2, 4, 4, 520],
];

function inputsOf(
  shape: Shape,
): [x: tf.Tensor4D, scale: tf.Tensor1D, offset: tf.Tensor1D, residual: tf.Tensor4D] {
  const channels = shape[3];
  // Means far from zero: what cancels badly shows.
  const x = tf.add<tf.Tensor4D>(tf.mul(normal(shape, 'x'), 3), tf.mul(normal([channels], 'mean'), 20));
  const scale = tf.add<tf.Tensor1D>(normal([channels], 'scale'), 0.5);
  return [x, scale, normal([channels], 'offset') as tf.Tensor1D, normal(shape, 'residual') as tf.Tensor4D];
}

/** Results and gradients by name; a residual only with ReLU. */
function evaluate(implementation: Implementation, shape: Shape, activation: Activation, adds: boolean) {
  const [x, scale, offset, residual] = inputsOf(shape);
  const projection = normal(shape, 'projection');
  const run = (...[x, scale, offset, residual]: tf.Tensor[]) => {
    const after: AfterNorm = adds
      ? { activation: 'relu', residual: residual as tf.Tensor4D }
      : { activation };
    return implementation(x as tf.Tensor4D, scale as tf.Tensor1D, offset as tf.Tensor1D, 1e-3, after);
  };
  const { y, mean, variance } = run(x, scale, offset, residual);
  const inputs = adds ? [x, scale, offset, residual] : [x, scale, offset];
  const gradients = tf.grads((...values: tf.Tensor[]) => tf.sum(tf.mul(run(...values).y, projection)))(
    inputs,
  );
  return { y, mean, variance, gradients };
}

describe('batch normalization with what follows it', () => {
  const cases = shapes.flatMap((shape) => [
    ...(['none', 'relu', 'relu6', 'silu'] as const).map((activation) => [shape, activation, false] as const),
    [shape, 'relu', true] as const,
  ]);
  it.each(cases)('equals the same of separate ops: %j, %s, residual %s', (shape, activation, adds) => {
    tf.tidy(() => {
      const received = evaluate(batchNormTraining, shape, activation, adds);
      const expected = evaluate(composedBatchNormTraining, shape, activation, adds);
      const near = (one: tf.Tensor, other: tf.Tensor, what: string, tolerance: number): void => {
        const scale = Math.max(1, tf.max(tf.abs(other)).dataSync()[0]!);
        expect(tf.max(tf.abs(tf.sub(one, other))).dataSync()[0]! / scale, what).toBeLessThan(tolerance);
      };
      for (const name of ['y', 'mean', 'variance'] as const) near(received[name], expected[name], name, 1e-5);
      for (const [index, gradient] of received.gradients.entries()) {
        near(gradient, expected.gradients[index]!, `gradient ${index}`, 5e-5);
        expect(gradient.shape).toEqual(expected.gradients[index]!.shape);
      }
    });
  });

  it('is the same every time', () => {
    tf.tidy(() => {
      const values = () => evaluate(batchNormTraining, [2, 128, 96, 24], 'relu', true);
      const first = values();
      for (let i = 0; i < 3; i++) {
        const again = values();
        expect(again.variance.dataSync()).toEqual(first.variance.dataSync());
        expect(again.gradients.map((g) => g.dataSync())).toEqual(first.gradients.map((g) => g.dataSync()));
      }
    });
  });

  it('passes NaN on and takes the negative half of infinity to zero', () => {
    tf.tidy(() => {
      const one = tf.tensor1d([1]);
      const of = (value: number) =>
        batchNormTraining(tf.tensor4d([value, 1, 2, 3], [1, 1, 4, 1]), one, one, 1e-5, {
          activation: 'relu',
        });
      expect(of(Number.NaN).y.dataSync()[1]).toBeNaN();
      const residual = tf.tensor4d([Number.NEGATIVE_INFINITY, Number.NaN], [1, 1, 2, 1]);
      const x = tf.tensor4d([1, 2], [1, 1, 2, 1]);
      const { y } = batchNormTraining(x, one, one, 1e-5, { activation: 'relu', residual });
      expect([...y.dataSync()]).toEqual([0, Number.NaN]);
    });
  });

  it('refuses a residual of another shape, and other numbers of channels', () => {
    tf.tidy(() => {
      const [x, scale, offset] = inputsOf([1, 4, 4, 3]);
      const refused = expect.objectContaining({ code: 'engine/op' }) as Error;
      const residual = tf.zeros<tf.Rank.R4>([1, 4, 4, 2]);
      expect(() => batchNormTraining(x, scale, offset, 1e-5, { activation: 'relu', residual })).toThrow(
        refused,
      );
      expect(() => batchNormTraining(x, tf.ones([2]), offset)).toThrow(refused);
    });
  });
});
