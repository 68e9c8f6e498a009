import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { Random } from '../core/random.ts';
import { deriveSeed, randomNormal, randomUniform } from '../engine/ops/random.ts';
import { warpBatch } from '../engine/ops/warpBatch.ts';

/** What the engine does to every training batch inside the step, to each image by random numbers of its own. */
export const batchAugmentationSchema = z.strictObject({
  /** Mirrored half of the time: left to right, top to bottom, or both, independently. */
  flip: z.enum(['none', 'horizontal', 'vertical', 'both']).default('none'),
  /** Largest shift along either axis, as a fraction of the side. */
  offset: z.number().min(0).max(1).default(0),
  /** Largest change of size, of each axis by itself: 0.2 reads from 0.8 to 1.2 times as many pixels. */
  scale: z.number().min(0).max(0.95).default(0),
  /** Largest turn to either side, degrees. */
  rotate: z.number().min(0).max(180).default(0),
  /** Standard deviation of the noise that is added to every value, grey levels. */
  noise: z.number().min(0).max(255).default(0),
});
export type BatchAugmentation = z.output<typeof batchAugmentationSchema>;

const stream = Random.from('batchAugmentation').bits();

/**
 * Flips, shifts, scales and rotates images and labels alike and adds noise to the images, as PyTorch's users do it with
 * `affine_grid` and `grid_sample`: images bilinear, labels nearest, the edge's pixels continued beyond it.
 *
 * @param images float32 `[N, H, W, C]`, 0 to 255; may leave that range by the noise.
 * @param labels Packed, int32 `[N, H, W, P]`.
 * @param seed int32 `[2]`; the same seed gives the same batch.
 */
export function augmentBatch(
  images: tf.Tensor4D,
  labels: tf.Tensor4D,
  options: BatchAugmentation | undefined,
  seed: tf.Tensor1D,
): [images: tf.Tensor4D, labels: tf.Tensor4D] {
  if (options === undefined) return [images, labels];
  const own = deriveSeed(seed, stream);
  let [moved, movedLabels] = [images, labels];
  if (moves(options)) {
    const maps = randomMaps(images.shape, options, deriveSeed(own, 0));
    moved = warpBatch(images, maps, 'bilinear');
    movedLabels = warpBatch(labels, maps, 'nearest');
  }
  if (options.noise > 0) {
    moved = tf.add(moved, tf.mul(randomNormal(images.shape, deriveSeed(own, 1)), options.noise));
  }
  return [moved, movedLabels];
}

function moves({ flip, offset, scale, rotate }: BatchAugmentation): boolean {
  return flip !== 'none' || offset > 0 || scale > 0 || rotate > 0;
}

/**
 * A random map for each image, as `warpBatch` takes them: the output turned about the image's centre, then scaled and
 * flipped along the image's axes, then shifted.
 */
export function randomMaps(
  [count, height, width]: readonly [number, number, number, number],
  { flip, offset, scale, rotate }: BatchAugmentation,
  seed: tf.Tensor1D,
): tf.Tensor2D {
  const evenly = tf.sub(tf.mul(randomUniform([7, count], seed), 2), 1);
  const [turn, scaleX, scaleY, shiftX, shiftY, mirrorX, mirrorY] = tf.unstack(evenly);
  const angle = tf.mul(turn!, (rotate * Math.PI) / 180);
  const [sin, cos] = [tf.sin(angle), tf.cos(angle)];
  const factor = (size: tf.Tensor, mirror: tf.Tensor, isFlipped: boolean): tf.Tensor => {
    const scaled = tf.add(tf.mul(size, scale), 1);
    return isFlipped ? tf.where(tf.less(mirror, 0), tf.neg(scaled), scaled) : scaled;
  };
  const sx = factor(scaleX!, mirrorX!, flip === 'horizontal' || flip === 'both');
  const sy = factor(scaleY!, mirrorY!, flip === 'vertical' || flip === 'both');
  const [a, b] = [tf.mul(sx, cos), tf.neg(tf.mul(sx, sin))];
  const [d, e] = [tf.mul(sy, sin), tf.mul(sy, cos)];
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  /** What brings the centre to the centre, and then the shift. */
  const constant = (x: tf.Tensor, y: tf.Tensor, centre: number, shift: tf.Tensor, side: number): tf.Tensor =>
    tf.add(tf.sub(centre, tf.add(tf.mul(x, centreX), tf.mul(y, centreY))), tf.mul(shift, offset * side));
  const c = constant(a, b, centreX, shiftX!, width);
  const f = constant(d, e, centreY, shiftY!, height);
  return tf.stack([a, b, c, d, e, f], 1) as tf.Tensor2D;
}
