import type * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../../core/errors.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { Module } from '../../nn/module.ts';
import { recomputed } from '../../nn/recompute.ts';
import type { Segment } from '../../nn/recompute.ts';

/** A network that turns an image into features of falling resolution. */
export abstract class Encoder extends Module {
  /** Channels of each feature map that `forward` returns, the first of the image's resolution. */
  abstract readonly outChannels: readonly number[];
  /** Pixels of the image per pixel of the deepest feature map that a full depth would have. */
  #deepestStride = 32;

  /** Channels of the image. */
  get inChannels(): number {
    return this.outChannels[0]!;
  }

  /** Pixels of the image per pixel of the deepest feature map. */
  get outputStride(): number {
    return Math.min(this.#deepestStride, 2 ** (this.outChannels.length - 1));
  }

  /**
   * The modules that bring the resolution down to one pixel per `stride` pixels of the image; none where the original
   * cannot dilate them.
   */
  protected abstract modulesAtStride(stride: 16 | 32): readonly Module[];

  /**
   * Keeps the resolution from this stride on and dilates all later convolutions instead, as
   * segmentation-models-pytorch's `make_dilated`.
   */
  dilate(outputStride: 8 | 16): this {
    for (const stride of [16, 32] as const) {
      if (stride <= outputStride) continue;
      for (const root of this.modulesAtStride(stride)) {
        for (const [, module] of root.namedModules()) {
          if (module instanceof Conv2d) module.replaceStrideWithDilation(stride / outputStride);
        }
      }
    }
    return this.endAtStride(outputStride);
  }

  protected endAtStride(outputStride: number): this {
    this.#deepestStride = outputStride;
    return this;
  }

  /**
   * `[N, H, W, inChannels]` to `depth + 1` feature maps: the image itself (or a map of its resolution in its place), then
   * one per stage. Where a size does not divide, the encoder rounds it as its original does.
   */
  abstract forward(x: tf.Tensor4D, context: Context): readonly tf.Tensor4D[];

  /** @throws PhalanxError `model/input-shape` when a side of the image is shorter than `smallest`. */
  protected requireSides({ shape: [, height, width] }: tf.Tensor4D, smallest: number): void {
    if (Math.min(height, width) >= smallest) return;
    throw new PhalanxError('model/input-shape', {
      what: 'The image is too small for its encoder',
      expected: `at least ${smallest}×${smallest} pixels`,
      received: `${height}×${width}`,
      fix: 'Use larger images or a smaller depth of the encoder',
    });
  }

  /** One stage of `forward`. Where the context asks for it, what lies inside is not kept for the backward pass. */
  protected stage(segment: Segment, x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const recompute = context.training && context.recomputeStages === true;
    return recompute ? recomputed(segment, x, context) : segment.compute(x, context);
  }
}
