import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { adamUpdate, composedAdamUpdate } from '../../src/engine/ops/adam.ts';
import type { AdamInputs } from '../../src/engine/ops/adam.ts';

beforeAll(async () => {
  await startEngine();
});

function randomInputs(shape: number[]): AdamInputs {
  return {
    parameter: tf.randomNormal(shape, 0, 1, 'float32', 1),
    mean: tf.randomNormal(shape, 0, 0.1, 'float32', 2),
    square: tf.randomUniform(shape, 0, 0.1, 'float32', 3),
    gradient: tf.randomNormal(shape, 0, 1, 'float32', 4),
    hyperparameters: tf.tensor1d([1e-2, 1e-8, 0.1, 1e-3, 0.97]),
  };
}

describe("Adam's update in one pass", () => {
  it.each(['none', 'l2', 'decoupled'] as const)('equals the same of separate ops: decay %s', (decay) => {
    tf.tidy(() => {
      for (const shape of [[1], [7], [3, 3, 16, 33], [513, 129]]) {
        const inputs = randomInputs(shape);
        const [received, expected] = [adamUpdate(inputs, decay), composedAdamUpdate(inputs, decay)];
        for (const name of ['parameter', 'mean', 'square'] as const) {
          const difference = tf.max(tf.abs(tf.sub(received[name], expected[name]))).dataSync()[0]!;
          expect(difference, `${name} of [${shape.join(', ')}]`).toBeLessThan(1e-6);
        }
        expect(received.parameter.shape).toEqual(shape);
      }
    });
  });

  it('leaves its inputs as they were', () => {
    tf.tidy(() => {
      const inputs = randomInputs([64, 64]);
      const before = Object.values(inputs).map((tensor: tf.Tensor) => tensor.dataSync().slice());
      adamUpdate(inputs, 'decoupled');
      expect(Object.values(inputs).map((tensor: tf.Tensor) => tensor.dataSync())).toEqual(before);
    });
  });

  it('refuses moments of another shape', () => {
    tf.tidy(() => {
      const inputs = { ...randomInputs([4, 4]), mean: tf.zeros([4, 5]) };
      expect(() => adamUpdate(inputs, 'none')).toThrow(expect.objectContaining({ code: 'engine/op' }));
    });
  });
});
