import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../nn/context.ts';
import { SupervisedDecoder } from './decoder.ts';
import { UnetDecoder } from './unet.ts';
import type { UnetOptions } from './unetBlocks.ts';

export interface DualBranchOptions extends UnetOptions {
  readonly center: boolean;
  readonly boundaryGuidance: boolean;
}

/**
 * Two of segmentation-models-pytorch's U-Net decoders on one encoder, as two of the three of Psi-Net (Murugesan et al.
 * 2019, https://arxiv.org/abs/1902.04099): `region` makes the segmentation, `boundary` is supervised by the boundaries of
 * the labels. With guidance, which the paper does not have, the region's head sees the boundary's feature map as well;
 * without it the boundary's branch computes only while training.
 */
export class DualBranchDecoder extends SupervisedDecoder {
  override readonly outChannels: number;
  override readonly sizeMultiple = 1;
  override readonly sideChannels: readonly number[];
  override readonly sideTarget = 'boundaries';
  readonly #guidance: boolean;
  readonly #region: UnetDecoder;
  readonly #boundary: UnetDecoder;

  /**
   * @param encoderChannels Of the image and every stage, as `Encoder.outChannels`.
   * @param channels Of each block of both branches, deepest first, one per stage.
   */
  constructor(
    encoderChannels: readonly number[],
    channels: readonly number[],
    { boundaryGuidance, ...options }: DualBranchOptions,
  ) {
    super();
    this.#guidance = boundaryGuidance;
    this.#region = this.register('region', new UnetDecoder(encoderChannels, channels, options));
    this.#boundary = this.register('boundary', new UnetDecoder(encoderChannels, channels, options));
    const width = channels.at(-1)!;
    this.outChannels = boundaryGuidance ? 2 * width : width;
    this.sideChannels = [width];
  }

  override forwardAll(features: readonly tf.Tensor4D[], context: Context): readonly tf.Tensor4D[] {
    const region = this.#region.forward(features, context);
    const boundary = this.#boundary.forward(features, context);
    return [boundary, this.#guidance ? tf.concat([region, boundary], 3) : region];
  }

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    return this.#guidance ? super.forward(features, context) : this.#region.forward(features, context);
  }
}
