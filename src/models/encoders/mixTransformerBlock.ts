import * as tf from '@tensorflow/tfjs-core';
import { Gelu } from '../../nn/activations.ts';
import { attention } from '../../nn/attention.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import type { Conv2dOptions } from '../../nn/conv2d.ts';
import { normal, zeros } from '../../nn/initializers.ts';
import { LayerNorm } from '../../nn/layerNorm.ts';
import { Linear } from '../../nn/linear.ts';
import { Layer } from '../../nn/module.ts';
import { StochasticDepth } from '../../nn/stochasticDepth.ts';

const EXPANSION = 4;

/** The authors' normalization within and after blocks, which differs from PyTorch's default. */
export const layerNormOptions = { epsilon: 1e-6 };

export interface MixTransformerBlockOptions {
  readonly channels: number;
  /** Of attention. */
  readonly heads: number;
  /** Pixels on a side that keys and values see as one. */
  readonly reduction: number;
  /** Probability that training skips attention, and apart from it the feed-forward network, for each sample. */
  readonly dropPath: number;
  /** Names what draws it. */
  readonly stream: string;
}

/** A block of SegFormer's encoder: attention and a feed-forward network, each normalized before and added to its input. */
export class MixTransformerBlock extends Layer {
  readonly #norm1: LayerNorm;
  readonly #attention: Attention;
  readonly #drop1: StochasticDepth;
  readonly #norm2: LayerNorm;
  readonly #drop2: StochasticDepth;
  readonly #mlp: MixFeedForward;

  constructor({ channels, heads, reduction, dropPath, stream }: MixTransformerBlockOptions) {
    super();
    this.#norm1 = this.register('norm1', new LayerNorm(channels, layerNormOptions));
    this.#attention = this.register('attn', new Attention(channels, heads, reduction));
    this.#drop1 = this.register('drop_path1', new StochasticDepth(dropPath, `${stream}.attn`));
    this.#norm2 = this.register('norm2', new LayerNorm(channels, layerNormOptions));
    this.#mlp = this.register('mlp', new MixFeedForward(channels));
    this.#drop2 = this.register('drop_path2', new StochasticDepth(dropPath, `${stream}.mlp`));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const attended = this.#attention.forward(this.#norm1.forward(x, context), context);
    const y = tf.add<tf.Tensor4D>(x, this.#drop1.forward(attended, context));
    const fed = this.#mlp.forward(this.#norm2.forward(y, context), context);
    return tf.add(y, this.#drop2.forward(fed, context));
  }
}

/** Efficient self-attention: keys and values come from a map whose resolution a strided convolution has reduced. */
class Attention extends Layer {
  readonly #heads: number;
  readonly #query: Linear;
  readonly #keyValue: Linear;
  readonly #project: Linear;
  readonly #reduce: { readonly convolution: Conv2d; readonly norm: LayerNorm } | undefined;

  constructor(channels: number, heads: number, reduction: number) {
    super();
    this.#heads = heads;
    this.#query = this.register('q', pointwise(channels, channels));
    this.#keyValue = this.register('kv', pointwise(channels, 2 * channels));
    this.#project = this.register('proj', pointwise(channels, channels));
    if (reduction > 1) {
      const geometry = { kernelSize: reduction, stride: reduction };
      this.#reduce = {
        convolution: this.register(
          'sr',
          convolution({ inChannels: channels, outChannels: channels, ...geometry }),
        ),
        norm: this.register('norm', new LayerNorm(channels)),
      };
    }
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const reduced =
      this.#reduce === undefined
        ? x
        : this.#reduce.norm.forward(this.#reduce.convolution.forward(x, context), context);
    const [key, value] = tf.split(this.#keyValue.forward(reduced, context), 2, 3) as [
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const y = attention(this.#query.forward(x, context), key, value, this.#heads);
    return this.#project.forward(y, context);
  }
}

/** Feed-forward network of each pixel, which a depthwise convolution tells where it stands. */
class MixFeedForward extends Layer {
  readonly #layers: readonly Layer[];

  constructor(channels: number) {
    super();
    const inner = EXPANSION * channels;
    this.#layers = [
      this.register('fc1', pointwise(channels, inner)),
      this.register('dwconv', new DepthwiseConvolution(inner)),
      this.register('act', new Gelu()),
      this.register('fc2', pointwise(inner, channels)),
    ];
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.#layers.reduce((y, layer) => layer.forward(y, context), x);
  }
}

/** The original's `DWConv`, which puts one more name into the path. */
class DepthwiseConvolution extends Layer {
  readonly #convolution: Conv2d;

  constructor(channels: number) {
    super();
    const options = {
      inChannels: channels,
      outChannels: channels,
      kernelSize: 3,
      padding: 1,
      groups: channels,
    };
    this.#convolution = this.register('dwconv', convolution(options));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.#convolution.forward(x, context);
  }
}

/** The authors truncate the distribution at ±2, a hundred deviations away. */
function pointwise(inChannels: number, outChannels: number): Linear {
  return new Linear({ inChannels, outChannels, kernelInitializer: normal(0.02), biasInitializer: zeros });
}

/** A convolution with the authors' first weights. */
export function convolution(options: Conv2dOptions): Conv2d {
  const { kernelSize, outChannels, groups = 1 } = options;
  const fanOut = Math.floor((kernelSize ** 2 * outChannels) / groups);
  return new Conv2d({
    ...options,
    kernelInitializer: normal(Math.sqrt(2 / fanOut)),
    biasInitializer: zeros,
  });
}
