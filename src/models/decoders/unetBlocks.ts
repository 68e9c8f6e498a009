import * as tf from '@tensorflow/tfjs-core';
import { upsampleConcat } from '../../engine/ops/upsampleConcat.ts';
import { Identity, Relu, Sigmoid } from '../../nn/activations.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { kaimingUniformFanIn, zeros } from '../../nn/initializers.ts';
import { interpolate } from '../../nn/interpolate.ts';
import { Layer, Module } from '../../nn/module.ts';
import { GlobalAveragePool2d } from '../../nn/pooling.ts';
import { Sequential } from '../../nn/sequential.ts';
import { SCSE_REDUCTION } from '../modelSchema.ts';
import type { DecoderConfig } from './options.ts';

export type UnetOptions = Pick<DecoderConfig<'unet'>, 'useNorm' | 'attentionType' | 'interpolation'>;

/** segmentation-models-pytorch's `Conv2dReLU`: 3×3 convolution, norm, ReLU. */
function convReLU(inChannels: number, outChannels: number, useNorm: UnetOptions['useNorm']): Sequential {
  const normalized = useNorm === 'batchnorm';
  return new Sequential([
    decoderConvolution(inChannels, outChannels, { kernelSize: 3, bias: !normalized }),
    normalized ? new BatchNorm2d(outChannels) : new Identity(),
    new Relu(),
  ]);
}

/** Two convolutions between encoder and decoder. */
export function centerBlock(channels: number, useNorm: UnetOptions['useNorm']): Sequential {
  return new Sequential([convReLU(channels, channels, useNorm), convReLU(channels, channels, useNorm)]);
}

/** Upsampling, concatenation with the skip connection, two convolutions, attention before and after. */
export class UnetDecoderBlock extends Module {
  readonly #interpolation: UnetOptions['interpolation'];
  readonly #conv1: Layer;
  readonly #attention1: Layer;
  readonly #conv2: Layer;
  readonly #attention2: Layer;

  /** @param skipChannels Undefined without a skip connection, which is not the same as one that has no channels. */
  constructor(
    inChannels: number,
    skipChannels: number | undefined,
    outChannels: number,
    options: UnetOptions,
  ) {
    super();
    const { useNorm, attentionType, interpolation } = options;
    const joined = inChannels + (skipChannels ?? 0);
    this.#interpolation = interpolation;
    this.#conv1 = this.register('conv1', convReLU(joined, outChannels, useNorm));
    this.#attention1 = this.register('attention1', new Attention(joined, attentionType));
    // Without a skip connection the original keeps this attention and never calls it.
    if (skipChannels === undefined) this.#attention1.freeze();
    this.#conv2 = this.register('conv2', convReLU(outChannels, outChannels, useNorm));
    this.#attention2 = this.register('attention2', new Attention(outChannels, attentionType));
  }

  /** @param skips Of `size`; their channels are joined in this order. */
  forward(
    x: tf.Tensor4D,
    size: readonly [height: number, width: number],
    skips: readonly tf.Tensor4D[],
    context: Context,
  ): tf.Tensor4D {
    let y =
      this.#interpolation === 'nearest'
        ? upsampleConcat(x, size, skips)
        : tf.concat([interpolate(x, size, this.#interpolation), ...skips], 3);
    if (skips.length > 0) y = this.#attention1.forward(y, context);
    y = this.#conv2.forward(this.#conv1.forward(y, context), context);
    return this.#attention2.forward(y, context);
  }
}

/** segmentation-models-pytorch's `Attention`, which puts one more name into the path. */
class Attention extends Layer {
  readonly #attention: Layer;

  constructor(channels: number, type: UnetOptions['attentionType']) {
    super();
    this.#attention = this.register('attention', type === 'scse' ? new SCSE(channels) : new Identity());
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.#attention.forward(x, context);
  }
}

/** Concurrent spatial and channel squeeze-and-excitation (Roy et al. 2018, https://arxiv.org/abs/1808.08127). */
class SCSE extends Layer {
  readonly #channel: Sequential;
  readonly #spatial: Sequential;

  constructor(channels: number) {
    super();
    const squeezed = Math.floor(channels / SCSE_REDUCTION);
    this.#channel = this.register(
      'cSE',
      new Sequential([
        new GlobalAveragePool2d(),
        decoderConvolution(channels, squeezed, { kernelSize: 1, bias: true }),
        new Relu(),
        decoderConvolution(squeezed, channels, { kernelSize: 1, bias: true }),
        new Sigmoid(),
      ]),
    );
    this.#spatial = this.register(
      'sSE',
      new Sequential([decoderConvolution(channels, 1, { kernelSize: 1, bias: true }), new Sigmoid()]),
    );
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const channel = this.#channel.forward(x, context);
    const spatial = this.#spatial.forward(x, context);
    return tf.add(tf.mul<tf.Tensor4D>(x, channel), tf.mul<tf.Tensor4D>(x, spatial));
  }
}

function decoderConvolution(
  inChannels: number,
  outChannels: number,
  { kernelSize, bias }: { kernelSize: 1 | 3; bias: boolean },
): Conv2d {
  return new Conv2d({
    inChannels,
    outChannels,
    kernelSize,
    padding: kernelSize === 3 ? 1 : 0,
    bias,
    kernelInitializer: kaimingUniformFanIn,
    biasInitializer: zeros,
  });
}
