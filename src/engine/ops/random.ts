import * as tf from '@tensorflow/tfjs-core';
import { attribute, runOp, sizes } from '../op.ts';

// Random numbers that depend on a seed tensor alone (Philox, Salmon et al. 2011; TensorFlow's stateless ops), so that
// a compiled function draws new ones at each call and the same ones for the same seed.

const attributes = [attribute.type('dtype'), attribute.type('T', 'int32'), attribute.type('Tseed', 'int32')];

/** Uniform float32 in [0, 1) of a shape, from `seed` int32 [2]. */
export function randomUniform(shape: readonly number[], seed: tf.Tensor1D): tf.Tensor {
  return tf.tidy(() => runOp('StatelessRandomUniform', attributes, [sizes(shape), seed]));
}

/** Standard normal float32 of a shape, from `seed` int32 [2]. */
export function randomNormal(shape: readonly number[], seed: tf.Tensor1D): tf.Tensor {
  return tf.tidy(() => runOp('StatelessRandomNormal', attributes, [sizes(shape), seed]));
}

/** A seed of its own for the `stream`-th user of `seed`, an integer from 0. */
export function deriveSeed(seed: tf.Tensor1D, stream: number): tf.Tensor1D {
  // An odd multiplier of the golden ratio spreads consecutive streams over the second key.
  return tf.tidy(() => tf.add(seed, tf.tensor1d([0, Math.imul(stream + 1, 0x9e3779b1)], 'int32')));
}

/**
 * Sets each element of `x` to zero with probability `rate` in [0, 1) and scales the others by 1 / (1 - rate).
 * Srivastava et al., Dropout, 2014. `seed`: int32 [2].
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, seed: tf.Tensor1D): T {
  return dropShared(x, x.shape, rate, seed);
}

/**
 * Sets each sample of `x` [N, ...] to zero as a whole with probability `rate` in [0, 1) and scales the others by
 * 1 / (1 - rate). Huang et al., Deep Networks with Stochastic Depth, 2016. `seed`: int32 [2].
 */
export function dropSamples<T extends tf.Tensor>(x: T, rate: number, seed: tf.Tensor1D): T {
  const perSample = x.shape.map((size, axis) => (axis === 0 ? size : 1));
  return dropShared(x, perSample, rate, seed);
}

/**
 * Sets each channel of each sample of `x` [N, H, W, C] to zero as a whole with probability `rate` in [0, 1) and scales
 * the others by 1 / (1 - rate). Tompson et al., Efficient Object Localization, 2015. `seed`: int32 [2].
 */
export function dropChannels(x: tf.Tensor4D, rate: number, seed: tf.Tensor1D): tf.Tensor4D {
  return dropShared(x, [x.shape[0], 1, 1, x.shape[3]], rate, seed);
}

/** Dropout whose decisions are as many as `shape`, which broadcasts to that of `x`. */
function dropShared<T extends tf.Tensor>(x: T, shape: readonly number[], rate: number, seed: tf.Tensor1D): T {
  if (rate === 0) return x;
  const kept = tf.tidy(() => {
    const keep = tf.greaterEqual(randomUniform(shape, seed), rate);
    return tf.mul(tf.cast(keep, 'float32'), 1 / (1 - rate));
  });
  const result = tf.mul(x, kept);
  return result as T;
}
