import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../nn/context.ts';
import { interpolate } from '../../nn/interpolate.ts';
import { LayerNorm } from '../../nn/layerNorm.ts';
import { Layer, Module } from '../../nn/module.ts';
import { moduleList } from '../../nn/moduleDict.ts';
import { AdaptiveAveragePool2d } from '../../nn/pooling.ts';
import { Sequential } from '../../nn/sequential.ts';
import { convReLU } from './convolutions.ts';
import type { UseNorm } from './convolutions.ts';
import { Decoder } from './decoder.ts';
import type { Pyramid } from './decoder.ts';
import type { DecoderConfig } from './options.ts';
import { poolSizes } from './pspnet.ts';

/** segmentation-models-pytorch's `UPerNetDecoder` (Xiao et al. 2018, https://arxiv.org/abs/1807.10221), from a quarter of the resolution on. */
export class UPerNetDecoder extends Decoder {
  override readonly outChannels: number;
  override readonly sizeMultiple: number;
  override readonly head = { kernelSize: 1 } as const;
  readonly #norms: readonly LayerNorm[];
  readonly #psp: UPerNetPyramid;
  readonly #lateral: readonly LateralBlock[];
  readonly #convs: readonly Sequential[];
  readonly #fusion: Sequential;

  constructor({ outChannels, outputStride }: Pyramid, options: DecoderConfig<'upernet'>) {
    super();
    const { channels, useNorm } = options;
    const used = outChannels.slice(2);
    const conv3 = { kernelSize: 3, useNorm } as const;
    const shallower = used.slice(0, -1).reverse();
    this.#norms = used.map((count) => new LayerNorm(count, { epsilon: 1e-6 }));
    this.register('feature_norms', moduleList(this.#norms));
    this.#psp = this.register('psp', new UPerNetPyramid(used.at(-1)!, channels, useNorm));
    this.#lateral = shallower.map((count) => new LateralBlock(count, channels, useNorm));
    this.register('fpn_lateral_blocks', moduleList(this.#lateral));
    this.#convs = shallower.map(() => convReLU(channels, channels, conv3));
    this.register('fpn_conv_blocks', moduleList(this.#convs));
    this.#fusion = this.register('fusion_block', convReLU(used.length * channels, channels, conv3));
    this.outChannels = channels;
    this.sizeMultiple = outputStride;
  }

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    const normalized = features
      .slice(2)
      .map((feature, index) => this.#norms[index]!.forward(feature, context));
    const [deepest, ...shallower] = normalized.reverse() as [tf.Tensor4D, ...tf.Tensor4D[]];
    const pyramid = [this.#psp.forward(deepest, context)];
    for (const [index, feature] of shallower.entries()) {
      pyramid.push(this.#lateral[index]!.forward(pyramid.at(-1)!, feature, context));
    }
    const maps = pyramid.map((map, index) =>
      index === 0 ? map : this.#convs[index - 1]!.forward(map, context),
    );
    const [, height, width] = maps.at(-1)!.shape;
    const resized = maps.map((map) => interpolate(map, [height, width], 'bilinear'));
    return this.#fusion.forward(tf.concat(resized.reverse(), 3), context);
  }
}

/** The deepest feature beside its means over windows of several sizes. */
class UPerNetPyramid extends Layer {
  readonly #blocks: readonly Sequential[];
  readonly #outConv: Sequential;

  constructor(inChannels: number, outChannels: number, useNorm: UseNorm) {
    super();
    this.#blocks = poolSizes.map(
      (size) =>
        new Sequential([
          new AdaptiveAveragePool2d(size),
          convReLU(inChannels, outChannels, { kernelSize: 1, useNorm }),
        ]),
    );
    this.register('blocks', moduleList(this.#blocks));
    const joined = inChannels + poolSizes.length * outChannels;
    this.#outConv = this.register(
      'out_conv',
      convReLU(joined, outChannels, { kernelSize: 3, useNorm: 'batchnorm' }),
    );
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const means = this.#blocks.map((block) =>
      interpolate(block.forward(x, context), [x.shape[1], x.shape[2]], 'bilinear'),
    );
    return this.#outConv.forward(tf.concat([x, ...means], 3), context);
  }
}

/** The deeper level, enlarged, plus what a pointwise convolution makes of the encoder's feature. */
class LateralBlock extends Module {
  readonly #convNormReLU: Sequential;

  constructor(lateralChannels: number, outChannels: number, useNorm: UseNorm) {
    super();
    this.#convNormReLU = this.register(
      'conv_norm_relu',
      convReLU(lateralChannels, outChannels, { kernelSize: 1, useNorm }),
    );
  }

  forward(state: tf.Tensor4D, lateral: tf.Tensor4D, context: Context): tf.Tensor4D {
    const feature = this.#convNormReLU.forward(lateral, context);
    return tf.add(interpolate(state, [feature.shape[1], feature.shape[2]], 'bilinear'), feature);
  }
}
