import type * as tf from '@tensorflow/tfjs-core';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { convNormActivation } from '../../nn/convNormActivation.ts';
import { ASPP } from './aspp.ts';
import { Decoder } from './decoder.ts';
import type { Pyramid } from './decoder.ts';
import type { DecoderConfig } from './options.ts';

/** segmentation-models-pytorch's `DeepLabV3Decoder` (Chen et al. 2017, https://arxiv.org/abs/1706.05587). */
export class DeepLabV3Decoder extends Decoder {
  override readonly outChannels: number;
  override readonly sizeMultiple: number;
  override readonly head = { kernelSize: 1, torchWeights: true } as const;
  readonly #aspp: ASPP;
  readonly #convolution: readonly [Conv2d, BatchNorm2d];

  constructor({ outChannels, outputStride }: Pyramid, options: DecoderConfig<'deeplabv3'>) {
    super();
    const { channels, atrousRates, asppSeparable, asppDropout } = options;
    const aspp = { atrousRates, separable: asppSeparable, dropout: asppDropout, stream: 'decoder.aspp' };
    this.#aspp = this.register('aspp', new ASPP(outChannels.at(-1)!, channels, aspp));
    const geometry = { inChannels: channels, outChannels: channels, kernelSize: 3, padding: 1, bias: false };
    this.#convolution = [
      this.register('conv', new Conv2d(geometry)),
      this.register('bn', new BatchNorm2d(channels)),
    ];
    this.outChannels = channels;
    this.sizeMultiple = outputStride;
  }

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    const pyramid = this.#aspp.forward(features.at(-1)!, context);
    return convNormActivation(pyramid, this.#convolution, { activation: 'relu' }, context);
  }
}
