import * as tf from '@tensorflow/tfjs-core';

/** What a network without padding makes of the sides of an image. */
export interface Unpadded {
  /** The shortest side that leaves a pixel; longer ones by multiples of 2^(levels - 1) keep every pooling even. */
  readonly smallestSide: number;
  /** Pixels along each side that get no logits: 92 for five levels, as in 572 to 388. */
  readonly margin: number;
}

/** Of a U-Net of so many resolutions, with two unpadded 3×3 convolutions at each on the way down and up. */
export function unpaddedSides(levels: number): Unpadded {
  const scale = 2 ** (levels - 1);
  // Of b pixels at the lowest resolution, all convolutions done, scale (b + 8) - 4 go in and scale (b - 4) + 4 come out.
  const lowest = Math.ceil(4 - 3 / scale);
  return { smallestSide: scale * (lowest + 8) - 4, margin: 6 * scale - 4 };
}

/** The middle of `x` `[N, H, W, C]` at the height and width of `like`, a row or column less before it where odd. */
export function cropTo(x: tf.Tensor4D, like: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = like.shape;
  if (x.shape[1] === height && x.shape[2] === width) return x;
  const [top, left] = [Math.floor((x.shape[1] - height) / 2), Math.floor((x.shape[2] - width) / 2)];
  return tf.slice(x, [0, top, left, 0], [-1, height, width, -1]);
}
