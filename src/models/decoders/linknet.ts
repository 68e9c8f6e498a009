import * as tf from '@tensorflow/tfjs-core';
import { Relu } from '../../nn/activations.ts';
import type { Context } from '../../nn/context.ts';
import { ConvTranspose2d } from '../../nn/convTranspose2d.ts';
import { Layer } from '../../nn/module.ts';
import { ModuleDict } from '../../nn/moduleDict.ts';
import { Sequential } from '../../nn/sequential.ts';
import { convReLU, normLayer } from './convolutions.ts';
import type { UseNorm } from './convolutions.ts';
import { Decoder } from './decoder.ts';
import type { Pyramid } from './decoder.ts';
import type { DecoderConfig } from './options.ts';

const PREFINAL_CHANNELS = 32;

/**
 * segmentation-models-pytorch's `LinknetDecoder` (Chaurasia and Culurciello 2017, https://arxiv.org/abs/1707.03718):
 * one block per stage, each adding the encoder's feature.
 */
export class LinknetDecoder extends Decoder {
  override readonly outChannels = PREFINAL_CHANNELS;
  override readonly sizeMultiple: number;
  override readonly head = { kernelSize: 1 } as const;
  readonly #blocks: ModuleDict<LinknetBlock>;

  constructor({ outChannels, outputStride }: Pyramid, { useNorm }: DecoderConfig<'linknet'>) {
    super();
    const channels = [...outChannels.slice(1).reverse(), PREFINAL_CHANNELS];
    const blocks = channels.slice(1).map((out, index) => {
      return [String(index), new LinknetBlock(channels[index]!, out, useNorm)] as const;
    });
    this.#blocks = this.register('blocks', new ModuleDict(blocks));
    this.sizeMultiple = outputStride;
  }

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    const [head, ...skips] = features.slice(1).reverse() as [tf.Tensor4D, ...tf.Tensor4D[]];
    let x = head;
    for (let index = 0; index <= skips.length; index++) {
      const skip = skips[index];
      x = this.#blocks.get(String(index)).forward(x, context);
      if (skip !== undefined) x = tf.add(x, skip);
    }
    return x;
  }
}

/** A quarter of the channels, twice the resolution, and the channels of the next stage. */
class LinknetBlock extends Layer {
  readonly #block: Sequential;

  constructor(inChannels: number, outChannels: number, useNorm: UseNorm) {
    super();
    const inner = Math.floor(inChannels / 4);
    const transposed = { inChannels: inner, outChannels: inner, kernelSize: 4, stride: 2, padding: 1 };
    this.#block = this.register(
      'block',
      new Sequential([
        convReLU(inChannels, inner, { kernelSize: 1, useNorm }),
        new Sequential([new ConvTranspose2d(transposed), normLayer(inner, useNorm), new Relu()]),
        convReLU(inner, outChannels, { kernelSize: 1, useNorm }),
      ]),
    );
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.#block.forward(x, context);
  }
}
