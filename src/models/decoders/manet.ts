import * as tf from '@tensorflow/tfjs-core';
import { Relu, Sigmoid } from '../../nn/activations.ts';
import type { Context } from '../../nn/context.ts';
import type { Conv2d } from '../../nn/conv2d.ts';
import { interpolate } from '../../nn/interpolate.ts';
import { Layer, Module } from '../../nn/module.ts';
import { ModuleDict } from '../../nn/moduleDict.ts';
import { GlobalAveragePool2d } from '../../nn/pooling.ts';
import { Sequential } from '../../nn/sequential.ts';
import { convReLU, decoderConvolution } from './convolutions.ts';
import { Decoder } from './decoder.ts';
import type { Pyramid } from './decoder.ts';
import type { DecoderConfig } from './options.ts';

type BlockOptions = Pick<DecoderConfig<'manet'>, 'useNorm' | 'interpolation'>;

/** segmentation-models-pytorch's `MAnetDecoder` (Fan et al. 2020, https://ieeexplore.ieee.org/document/9201310). */
export class MAnetDecoder extends Decoder {
  override readonly outChannels: number;
  override readonly sizeMultiple: number;
  readonly #center: PABBlock;
  readonly #blocks: ModuleDict<MAnetBlock>;

  /** @param channels Of each block, deepest first, one per stage. */
  constructor(
    { outChannels, outputStride }: Pyramid,
    channels: readonly number[],
    options: DecoderConfig<'manet'>,
  ) {
    super();
    const [head, ...skips] = outChannels.slice(1).reverse() as [number, ...number[]];
    this.#center = this.register('center', new PABBlock(head, options.pabChannels));
    const blocks = channels.map((out, index) => {
      const block = new MAnetBlock(
        index === 0 ? head : channels[index - 1]!,
        skips[index] ?? 0,
        out,
        options,
      );
      return [String(index), block] as const;
    });
    this.#blocks = this.register('blocks', new ModuleDict(blocks));
    this.outChannels = channels.at(-1)!;
    this.sizeMultiple = outputStride;
  }

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    const [head, ...skips] = features.slice(1).reverse() as [tf.Tensor4D, ...tf.Tensor4D[]];
    let x = this.#center.forward(head, context);
    for (let index = 0; index <= skips.length; index++) {
      x = this.#blocks.get(String(index)).forward(x, skips[index], context);
    }
    return x;
  }
}

/** Position-wise attention: every pixel plus a mixture of all, by a softmax over all pairs. */
class PABBlock extends Layer {
  readonly #top: Conv2d;
  readonly #center: Conv2d;
  readonly #bottom: Conv2d;
  readonly #out: Conv2d;

  constructor(channels: number, inner: number) {
    super();
    const pointwise = { kernelSize: 1, bias: true } as const;
    const spatial = { kernelSize: 3, bias: true } as const;
    this.#top = this.register('top_conv', decoderConvolution(channels, inner, pointwise));
    this.#center = this.register('center_conv', decoderConvolution(channels, inner, pointwise));
    this.#bottom = this.register('bottom_conv', decoderConvolution(channels, channels, spatial));
    this.#out = this.register('out_conv', decoderConvolution(channels, channels, spatial));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const [batch, height, width, channels] = x.shape;
    const pixels = height * width;
    const rows = (map: tf.Tensor4D) => tf.reshape(map, [batch, pixels, map.shape[3]]);
    const top = rows(this.#top.forward(x, context));
    const center = rows(this.#center.forward(x, context));
    const bottom = rows(this.#bottom.forward(x, context));
    const pairs = tf.reshape(tf.matMul(center, top, false, true), [batch, pixels * pixels]);
    const shares = tf.reshape(tf.softmax(pairs), [batch, pixels, pixels]);
    const mixed = tf.matMul<tf.Tensor3D>(shares, bottom);
    // The original reads the pixels' rows of channels as planes of pixels.
    const planes = tf.transpose(tf.reshape(mixed, [batch, channels, height, width]), [0, 2, 3, 1]);
    return this.#out.forward(tf.add(x, planes), context);
  }
}

/**
 * Upsampling, concatenation with the skip connection, two convolutions; with a skip connection, channels weighed by
 * the means of both before (the original's `MFABBlock`, without one its `DecoderBlock`).
 */
class MAnetBlock extends Module {
  readonly #highLevel: Sequential | undefined;
  readonly #squeezes: readonly Sequential[];
  readonly #conv1: Sequential;
  readonly #conv2: Sequential;
  readonly #interpolation: BlockOptions['interpolation'];

  constructor(
    inChannels: number,
    skipChannels: number,
    outChannels: number,
    { useNorm, interpolation }: BlockOptions,
  ) {
    super();
    const conv3 = { kernelSize: 3, useNorm } as const;
    const fuses = skipChannels > 0;
    if (fuses) {
      this.#highLevel = this.register(
        'hl_conv',
        new Sequential([
          convReLU(inChannels, inChannels, conv3),
          convReLU(inChannels, skipChannels, { kernelSize: 1, useNorm }),
        ]),
      );
    }
    const squeezes = fuses ? ['SE_ll', 'SE_hl'] : [];
    this.#squeezes = squeezes.map((name) => this.register(name, squeeze(skipChannels)));
    const joined = fuses ? 2 * skipChannels : inChannels;
    this.#conv1 = this.register('conv1', convReLU(joined, outChannels, conv3));
    this.#conv2 = this.register('conv2', convReLU(outChannels, outChannels, conv3));
    this.#interpolation = interpolation;
  }

  forward(x: tf.Tensor4D, skip: tf.Tensor4D | undefined, context: Context): tf.Tensor4D {
    const high = this.#highLevel?.forward(x, context) ?? x;
    let y = interpolate(high, [high.shape[1] * 2, high.shape[2] * 2], this.#interpolation);
    const [low, deep] = this.#squeezes;
    if (skip !== undefined && low !== undefined && deep !== undefined) {
      const shares = tf.add(deep.forward(y, context), low.forward(skip, context));
      y = tf.concat([tf.mul<tf.Tensor4D>(y, shares), skip], 3);
    }
    return this.#conv2.forward(this.#conv1.forward(y, context), context);
  }
}

const REDUCTION = 16;

/** The share of each channel in (0, 1), from the means of all. */
function squeeze(channels: number): Sequential {
  const reduced = Math.max(1, Math.floor(channels / REDUCTION));
  return new Sequential([
    new GlobalAveragePool2d(),
    decoderConvolution(channels, reduced, { kernelSize: 1, bias: true }),
    new Relu(),
    decoderConvolution(reduced, channels, { kernelSize: 1, bias: true }),
    new Sigmoid(),
  ]);
}
