import * as tf from '@tensorflow/tfjs-core';

/** What images are normalized by, per channel, on the scale where 255 is 1. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * `(x / 255 - mean) / std`, as one multiplication and one addition.
 *
 * @param images `[N, H, W, C]` float32, 0 to 255.
 */
export function normalize(images: tf.Tensor4D, { mean, std }: Normalization): tf.Tensor4D {
  const channels = images.shape[3];
  if (mean.length !== channels || std.length !== channels || std.some((deviation) => !(deviation > 0))) {
    throw new RangeError(
      `Expected a mean and a positive deviation for each of ${channels} channels, received [${mean.join(', ')}] and [${std.join(', ')}]`,
    );
  }
  const scale = tf.tensor1d(std.map((deviation) => 1 / (255 * deviation)));
  const shift = tf.tensor1d(mean.map((value, channel) => -value / std[channel]!));
  return tf.add(tf.mul(images, scale), shift);
}
