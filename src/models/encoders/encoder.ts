import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../nn/context.ts';
import { Module } from '../../nn/module.ts';

/** A network that turns an image into features of falling resolution. */
export abstract class Encoder extends Module {
  /** Channels of each feature map that `forward` returns, the image's own first. */
  abstract readonly outChannels: readonly number[];
  /** Pixels of the image per pixel of the deepest feature map. */
  abstract readonly outputStride: number;

  /**
   * `[N, H, W, inChannels]` to `depth + 1` feature maps: the image itself, then one per stage. Where a size does not
   * divide, the encoder rounds it as its original does.
   */
  abstract forward(x: tf.Tensor4D, context: Context): readonly tf.Tensor4D[];
}
