import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../nn/context.ts';
import { Dropout2d } from '../../nn/dropout.ts';
import { interpolateAligned } from '../../nn/interpolate.ts';
import { Layer } from '../../nn/module.ts';
import { moduleList } from '../../nn/moduleDict.ts';
import { AdaptiveAveragePool2d } from '../../nn/pooling.ts';
import { Sequential } from '../../nn/sequential.ts';
import { convReLU } from './convolutions.ts';
import type { UseNorm } from './convolutions.ts';
import { Decoder } from './decoder.ts';
import type { Pyramid } from './decoder.ts';
import type { DecoderConfig } from './options.ts';

/** Windows along each side of the pyramid's means. */
export const poolSizes = [1, 2, 3, 6] as const;

/** segmentation-models-pytorch's `PSPDecoder` (Zhao et al. 2017, https://arxiv.org/abs/1612.01105), on the deepest feature. */
export class PSPDecoder extends Decoder {
  override readonly outChannels: number;
  override readonly sizeMultiple: number;
  readonly #psp: PSPModule;
  readonly #conv: Sequential;
  readonly #dropout: Dropout2d;

  constructor({ outChannels, outputStride }: Pyramid, options: DecoderConfig<'pspnet'>) {
    super();
    const { pspOutChannels, pspDropout, useNorm } = options;
    const deepest = outChannels.at(-1)!;
    this.#psp = this.register('psp', new PSPModule(deepest, useNorm));
    this.#conv = this.register('conv', convReLU(deepest * 2, pspOutChannels, { kernelSize: 1, useNorm }));
    this.#dropout = this.register('dropout', new Dropout2d(pspDropout, 'decoder.dropout'));
    this.outChannels = pspOutChannels;
    this.sizeMultiple = outputStride;
  }

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    const pyramid = this.#psp.forward(features.at(-1)!, context);
    return this.#dropout.forward(this.#conv.forward(pyramid, context), context);
  }
}

/** Means over windows of several sizes, beside the feature itself. */
class PSPModule extends Layer {
  readonly #blocks: readonly PSPBlock[];

  constructor(inChannels: number, useNorm: UseNorm) {
    super();
    const inner = Math.floor(inChannels / poolSizes.length);
    this.#blocks = poolSizes.map((size) => new PSPBlock(inChannels, inner, size, useNorm));
    this.register('blocks', moduleList(this.#blocks));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return tf.concat([...this.#blocks.map((block) => block.forward(x, context)), x], 3);
  }
}

class PSPBlock extends Layer {
  readonly #pool: Sequential;

  constructor(inChannels: number, outChannels: number, poolSize: number, useNorm: UseNorm) {
    super();
    // One mean per image: of a single image there are no statistics.
    const norm = poolSize === 1 ? 'identity' : useNorm;
    this.#pool = this.register(
      'pool',
      new Sequential([
        new AdaptiveAveragePool2d(poolSize),
        convReLU(inChannels, outChannels, { kernelSize: 1, useNorm: norm }),
      ]),
    );
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return interpolateAligned(this.#pool.forward(x, context), [x.shape[1], x.shape[2]]);
  }
}
