import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from '../op.ts';

/** Φ, the standard normal distribution function. */
function normalDistribution(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}

const composedGelu = defineOp<'x', object>({
  name: 'ComposedGelu',
  forward: ({ x }) => [tf.tidy(() => tf.mul(x, normalDistribution(x)))],
  saveInputs: ['x'],
  gradient: ([dy], [x]) => ({
    x: () => {
      const density = tf.mul(tf.exp(tf.mul(tf.square(x!), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return tf.mul(dy!, tf.add(normalDistribution(x!), tf.mul(x!, density)));
    },
  }),
});

/** `x` Φ(`x`), elementwise. Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415. */
export function gelu<T extends tf.Tensor>(x: T): T {
  return composedGelu({ x }, {})[0] as T;
}
