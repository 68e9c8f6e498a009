import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { Module } from '../../nn/module.ts';
import { computeStage } from '../../nn/recompute.ts';
import type { Segment } from '../../nn/recompute.ts';

/** A network that turns an image into features of falling resolution. */
export abstract class Encoder extends Module {
  /** Channels of each feature map that `forward` returns, the image's own first. */
  abstract readonly outChannels: readonly number[];
  /** Pixels of the image per pixel of the deepest feature map that a full depth would have. */
  #deepestStride = 32;

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
   * `[N, H, W, inChannels]` to `depth + 1` feature maps: the image itself, then one per stage. Where a size does not
   * divide, the encoder rounds it as its original does.
   */
  abstract forward(x: tf.Tensor4D, context: Context): readonly tf.Tensor4D[];

  /** One stage of `forward`. Where the context asks for it, what lies inside is not kept for the backward pass. */
  protected stage(segment: Segment, x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return computeStage(segment, x, context);
  }
}
