import * as tf from '@tensorflow/tfjs-core';
import { interpolate } from './interpolate.ts';

/**
 * `torch.nn.functional.interpolate(x, size, mode, align_corners=False)` of volumes: `[N, D, H, W, C]` to
 * `[N, ...size, C]`. Both ways are the same along each axis, so that slices are resized first, then their stack.
 */
export function interpolate3d(
  x: tf.Tensor5D,
  size: readonly [depth: number, height: number, width: number],
  mode: 'nearest' | 'trilinear',
): tf.Tensor5D {
  const [batch, slices, rows, columns, channels] = x.shape;
  const [depth, height, width] = size;
  const plane = mode === 'nearest' ? 'nearest' : 'bilinear';
  const images = tf.reshape<tf.Rank.R4>(x, [batch * slices, rows, columns, channels]);
  const resized = interpolate(images, [height, width], plane);
  const stack = tf.reshape<tf.Rank.R4>(resized, [batch, slices, height * width, channels]);
  const deep = interpolate(stack, [depth, height * width], plane);
  return tf.reshape(deep, [batch, depth, height, width, channels]);
}
