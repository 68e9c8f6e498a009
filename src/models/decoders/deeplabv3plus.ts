import * as tf from '@tensorflow/tfjs-core';
import { Relu } from '../../nn/activations.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { interpolateAligned } from '../../nn/interpolate.ts';
import { Sequential } from '../../nn/sequential.ts';
import { ASPP, convBnReLU, pointwise, separableConvolution } from './aspp.ts';
import { Decoder } from './decoder.ts';
import type { Pyramid } from './decoder.ts';
import type { DecoderConfig } from './options.ts';

/** What the authors propose for the feature of high resolution. */
const HIGH_RESOLUTION_CHANNELS = 48;

/** segmentation-models-pytorch's `DeepLabV3PlusDecoder` (Chen et al. 2018, https://arxiv.org/abs/1802.02611). */
export class DeepLabV3PlusDecoder extends Decoder {
  override readonly outChannels: number;
  override readonly sizeMultiple: number;
  override readonly head = { kernelSize: 1, torchWeights: true } as const;
  readonly #aspp: Sequential;
  readonly #block1: Sequential;
  readonly #block2: Sequential;

  constructor(encoder: Pyramid, options: DecoderConfig<'deeplabv3plus'>) {
    super();
    const { channels, atrousRates, asppSeparable, asppDropout } = options;
    const aspp = { atrousRates, separable: asppSeparable, dropout: asppDropout, stream: 'decoder.aspp' };
    this.#aspp = this.register(
      'aspp',
      new Sequential([
        new ASPP(encoder.outChannels.at(-1)!, channels, aspp),
        separableConvolution({ inChannels: channels, outChannels: channels }),
        new BatchNorm2d(channels),
        new Relu(),
      ]),
    );
    this.#block1 = this.register(
      'block1',
      convBnReLU(pointwise(encoder.outChannels[2]!, HIGH_RESOLUTION_CHANNELS), HIGH_RESOLUTION_CHANNELS),
    );
    const joined = { inChannels: HIGH_RESOLUTION_CHANNELS + channels, outChannels: channels };
    this.#block2 = this.register('block2', convBnReLU(separableConvolution(joined), channels));
    this.outChannels = channels;
    this.sizeMultiple = encoder.outputStride;
  }

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    const quarter = features[2]!;
    const pyramid = this.#aspp.forward(features.at(-1)!, context);
    const enlarged = interpolateAligned(pyramid, [quarter.shape[1], quarter.shape[2]]);
    return this.#block2.forward(tf.concat([enlarged, this.#block1.forward(quarter, context)], 3), context);
  }
}
