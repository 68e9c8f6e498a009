import * as tf from '@tensorflow/tfjs-core';
import { attribute, runOp, sizes } from '../op.ts';

/**
 * Each image of a batch moved by a map of its own; what lies beyond the edge is the pixel at the edge. As PyTorch's
 * `grid_sample(align_corners=False, padding_mode='border')`, with maps in pixels. No gradient.
 *
 * @param x `[N, H, W, C]`, float32 or int32.
 * @param maps float32 `[N, 6]`, `[a, b, c, d, e, f]`: the output's pixel `(x, y)` is read at `(a x + b y + c, d x + e y + f)`,
 *   pixel centres at integers.
 */
export function warpBatch(
  x: tf.Tensor4D,
  maps: tf.Tensor2D,
  interpolation: 'nearest' | 'bilinear',
): tf.Tensor4D {
  return tf.tidy(() => {
    const [, height, width] = x.shape;
    const projective = tf.pad(maps, [
      [0, 0],
      [0, 2],
    ]);
    const attributes = [
      attribute.type('dtype', x.dtype === 'int32' ? 'int32' : 'float32'),
      attribute.string('interpolation', interpolation.toUpperCase()),
      attribute.string('fill_mode', 'NEAREST'),
    ];
    const inputs = [x, projective, sizes([height, width]), tf.scalar(0)];
    return runOp('ImageProjectiveTransformV3', attributes, inputs) as tf.Tensor4D;
  });
}
