import * as tf from '@tensorflow/tfjs-core';

/**
 * Normalizes `x` [N, H, W, C] by the mean and biased variance of each pixel's channels, scales and shifts by `scale`
 * and `offset` [C]. Ba et al. 2016, https://arxiv.org/abs/1607.06450.
 */
export function layerNorm(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon: number,
): tf.Tensor4D {
  const centered = tf.sub(x, tf.mean(x, 3, true));
  const variance = tf.mean(tf.square(centered), 3, true);
  const normalized = tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(normalized, scale), offset);
}
