import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../nn/context.ts';
import { Module } from '../../nn/module.ts';
import { recomputed } from '../../nn/recompute.ts';
import type { Segment } from '../../nn/recompute.ts';

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

  /** One stage of `forward`. Where the context asks for it, what lies inside is not kept for the backward pass. */
  protected stage(segment: Segment, x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const recompute = context.training && context.recomputeStages === true;
    return recompute ? recomputed(segment, x, context) : segment.compute(x, context);
  }
}
