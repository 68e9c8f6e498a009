import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { composedGelu, gelu } from '../../src/engine/ops/gelu.ts';
import { composedLayerNorm, layerNorm } from '../../src/engine/ops/layerNorm.ts';
import { arbitrary, expectClose, expectSame, resultAndGradients } from './fusedOps.ts';

beforeAll(async () => {
  await startEngine();
});

const shapes: readonly (readonly [number, number, number, number])[] = [
  [1, 1, 1, 1],
  [2, 3, 5, 7],
  [1, 9, 8, 32],
  [2, 17, 13, 160],
  [1, 64, 64, 33],
];

const bind =
  (op: typeof layerNorm) =>
  (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor =>
    op(x as tf.Tensor4D, scale as tf.Tensor1D, offset as tf.Tensor1D, 1e-3);

function inputsOf(shape: readonly number[]): tf.Tensor[] {
  const channels = [shape[3]!];
  // Means that are not near zero, so that what cancels badly shows.
  const x = tf.tidy(() => tf.add(arbitrary(shape, 0), 2));
  return [x, tf.tidy(() => tf.add(arbitrary(channels, 1), 2)), arbitrary(channels, 2)];
}

describe('layer normalization in one pass', () => {
  // Of one channel nothing is left, and its gradient is rounding alone.
  it.each(shapes.filter(([, , , channels]) => channels > 1))(
    'is that of separate ops, as are its gradients: [%i, %i, %i, %i]',
    (...shape) => {
      const inputs = inputsOf(shape);
      const expected = resultAndGradients(bind(composedLayerNorm), inputs);
      expectClose(resultAndGradients(bind(layerNorm), inputs), expected, 1e-5);
      tf.dispose(inputs);
    },
  );

  it('of one channel is the offset', () => {
    const [x, scale, offset] = inputsOf([2, 2, 2, 1]) as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
    const y = layerNorm(x, scale, offset, 1e-5);
    expect(new Set(y.dataSync())).toEqual(new Set(offset.dataSync()));
    tf.dispose([x, scale, offset, y]);
  });

  it('is the same bit for bit whenever it is computed', () => {
    const inputs = inputsOf([2, 64, 48, 64]);
    const first = resultAndGradients(bind(layerNorm), inputs);
    for (let i = 0; i < 3; i++) expectSame(resultAndGradients(bind(layerNorm), inputs), first);
    tf.dispose(inputs);
  });

  it('refuses another number of channels', () => {
    tf.tidy(() => {
      const refused = expect.objectContaining({ code: 'engine/op' }) as Error;
      expect(() => layerNorm(tf.zeros([1, 2, 2, 3]), tf.ones([2]), tf.zeros([2]), 1e-5)).toThrow(refused);
    });
  });
});

describe('GELU in one pass', () => {
  it.each(shapes)('is that of separate ops, as is its gradient: [%i, %i, %i, %i]', (...shape) => {
    // To where it is nothing or the identity.
    const x = tf.tidy(() => tf.mul(arbitrary(shape, 0), 7));
    const expected = resultAndGradients(composedGelu, [x]);
    expectClose(resultAndGradients(gelu, [x]), expected, 1e-6);
    x.dispose();
  });

  it('is nothing far below zero, the identity far above, and NaN of NaN', () => {
    tf.tidy(() => {
      const y = gelu(tf.tensor1d([-1e30, -40, 0, 40, 1e30, Number.NaN])).dataSync();
      expect(Math.abs(y[1]!)).toBeLessThan(1e-5);
      expect([y[2], y[3], y[4], y[5]]).toEqual([0, 40, Math.fround(1e30), Number.NaN]);
    });
  });
});
