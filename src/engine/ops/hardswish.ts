import * as tf from '@tensorflow/tfjs-core';

/** `x` clamped from [-3, 3] to [0, 1], elementwise: a sigmoid of straight lines. Howard et al. 2019, https://arxiv.org/abs/1905.02244. */
export function hardsigmoid<T extends tf.Tensor>(x: T): T {
  return tf.mul(tf.relu6(tf.add<T>(x, 3)), 1 / 6);
}

/** `x` times its `hardsigmoid`, elementwise. */
export function hardswish<T extends tf.Tensor>(x: T): T {
  return tf.mul(x, hardsigmoid(x));
}
