import type * as tf from '@tensorflow/tfjs-core';
import { resizeBilinear, resizeBilinearAligned, resizeNearest } from '../engine/ops/resize.ts';

export type Interpolation = 'nearest' | 'bilinear';

/**
 * `torch.nn.functional.interpolate(x, size, mode, align_corners=False)`: `[N, H, W, C]` to `[N, size[0], size[1], C]`.
 */
export function interpolate(
  x: tf.Tensor4D,
  size: readonly [height: number, width: number],
  mode: Interpolation,
): tf.Tensor4D {
  if (x.shape[1] === size[0] && x.shape[2] === size[1]) return x;
  switch (mode) {
    case 'nearest':
      return resizeNearest(x, size);
    case 'bilinear':
      return resizeBilinear(x, size);
  }
}

/**
 * `torch.nn.functional.interpolate(x, size, mode='bilinear', align_corners=True)`: `[N, H, W, C]` to
 * `[N, size[0], size[1], C]`.
 */
export function interpolateAligned(
  x: tf.Tensor4D,
  size: readonly [height: number, width: number],
): tf.Tensor4D {
  if (x.shape[1] === size[0] && x.shape[2] === size[1]) return x;
  return resizeBilinearAligned(x, size);
}
