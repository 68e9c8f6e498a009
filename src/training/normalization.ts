import * as tf from '@tensorflow/tfjs-core';

/** Ways to normalize every image by what is in it, named as albumentations' `Normalize` names them. */
export const imageNormalizations = [
  'image',
  'image_per_channel',
  'min_max',
  'min_max_per_channel',
  'percentile',
  'percentile_per_channel',
] as const;

/**
 * What images are normalized by: a mean and a deviation per channel on the scale where 255 is 1, or what every image
 * itself contains: `image` by its own mean and deviation, `min_max` and `percentile` from its least to its greatest
 * value, or percentile, as 0 to 1; values beyond ±20 are cut, beyond the percentiles they are not.
 */
export type Normalization =
  | { readonly mean: readonly number[]; readonly std: readonly number[] }
  | {
      readonly per: (typeof imageNormalizations)[number];
      /** Of `percentile`, in percent. */
      readonly percentiles?: readonly [low: number, high: number] | undefined;
    };

/** So that nothing is divided by zero (albumentations'). */
const epsilon = 1e-4;
const limit = 20;

/**
 * Normalizes a batch; by mean and deviation, `(x / 255 - mean) / std`, as one multiplication and one addition.
 *
 * @param images `[N, H, W, C]` float32, whole numbers from 0 to 255.
 */
export function normalize(images: tf.Tensor4D, normalization: Normalization): tf.Tensor4D {
  if ('per' in normalization) {
    const { shift, scale } = ofImages(images, normalization);
    return tf.clipByValue(tf.div(tf.sub(images, shift), scale), -limit, limit);
  }
  const { mean, std } = normalization;
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

/** What to take from every image, and to divide it by: `[N, 1, 1, 1 or C]`. */
function ofImages(
  images: tf.Tensor4D,
  { per, percentiles = [1, 99] }: Extract<Normalization, { per: unknown }>,
): { readonly shift: tf.Tensor; readonly scale: tf.Tensor } {
  const axes = per.endsWith('_per_channel') ? [1, 2] : [1, 2, 3];
  if (per.startsWith('image')) {
    const shift = tf.mean(images, axes, true);
    const variance = tf.mean(tf.square(tf.sub(images, shift)), axes, true);
    return { shift, scale: tf.add(tf.sqrt(variance), epsilon) };
  }
  const [low, high] = per.startsWith('min_max')
    ? [tf.min(images, axes, true), tf.max(images, axes, true)]
    : percentiles.map((percent) => percentileOf(images, percent, axes));
  return { shift: low!, scale: tf.add(tf.sub(high!, low!), epsilon) };
}

/** NumPy's percentile (linear between two ranks) of whole numbers from 0 to 255. */
function percentileOf(images: tf.Tensor4D, percent: number, axes: number[]): tf.Tensor {
  const count = axes.reduce((product, axis) => product * images.shape[axis]!, 1);
  const position = (percent / 100) * (count - 1);
  const rank = Math.floor(position);
  const value = valueAtRank(images, rank, axes);
  if (position === rank) return value;
  // The next value in order is the same one, or the least above.
  const upTo = tf.sum(tf.cast(tf.lessEqual(images, value), 'float32'), axes, true);
  const above = tf.min(tf.where(tf.greater(images, value), images, tf.fill(images.shape, 255)), axes, true);
  const next = tf.where(tf.greater(upTo, rank + 1), value, above);
  return tf.add(value, tf.mul(tf.sub(next, value), position - rank));
}

/** The value that `rank` others come before in order, found bit by bit. */
function valueAtRank(images: tf.Tensor4D, rank: number, axes: number[]): tf.Tensor {
  let value = tf.zerosLike(tf.min(images, axes, true));
  for (let bit = 128; bit >= 1; bit /= 2) {
    const candidate = tf.add(value, bit);
    const below = tf.sum(tf.cast(tf.less(images, candidate), 'float32'), axes, true);
    value = tf.where(tf.lessEqual(below, rank), candidate, value);
  }
  return value;
}
