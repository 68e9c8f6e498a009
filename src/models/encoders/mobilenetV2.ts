import * as tf from '@tensorflow/tfjs-core';
import { Relu6 } from '../../nn/activations.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { kaimingNormalFanOut, torchDefaultKernel } from '../../nn/initializers.ts';
import type { Initializer } from '../../nn/initializers.ts';
import { Layer } from '../../nn/module.ts';
import type { Module } from '../../nn/module.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Encoder } from './encoder.ts';

export interface MobileNetV2Options {
  readonly inChannels: number;
  /** Halvings whose features `forward` returns, 1 to 5; the original keeps the other parameters, here they are frozen. */
  readonly depth: number;
}

const STEM = 32;
const LAST = 1280;
/** Of blocks alike: expansion, output channels, how many, stride of the first. */
const BLOCKS = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;
/** Layers whose outputs are features. */
const FEATURES = [1, 3, 6, 13, 18] as const;

/**
 * `torchvision.models.MobileNetV2` (Sandler et al. 2018, https://arxiv.org/abs/1801.04381) without its classifier, as
 * segmentation-models-pytorch's `MobileNetV2Encoder`.
 */
export class MobileNetV2 extends Encoder {
  override readonly outChannels: readonly number[];
  readonly #layers: readonly Layer[];
  /** Indices of the layers whose output is a feature. */
  readonly #features: readonly number[];

  constructor({ inChannels, depth }: MobileNetV2Options) {
    super();
    // For other than colour images the original replaces the first layer by one with PyTorch's default weights.
    const kernelInitializer = inChannels === 3 ? kaimingNormalFanOut : torchDefaultKernel;
    const layers: Layer[] = [
      convNormRelu6(inChannels, STEM, { kernelSize: 3, stride: 2, kernelInitializer }),
    ];
    const widths = [STEM];
    for (const [expansion, outChannels, count, firstStride] of BLOCKS) {
      for (let i = 0; i < count; i++) {
        const stride = i === 0 ? firstStride : 1;
        layers.push(new InvertedResidual(widths.at(-1)!, outChannels, expansion, stride));
        widths.push(outChannels);
      }
    }
    layers.push(convNormRelu6(widths.at(-1)!, LAST, { kernelSize: 1 }));
    widths.push(LAST);
    this.register('features', new Sequential(layers));
    this.#layers = layers;
    this.#features = FEATURES.slice(0, depth);
    for (const layer of layers.slice(this.#features.at(-1)! + 1)) layer.freeze();
    this.outChannels = [inChannels, ...this.#features.map((index) => widths[index]!)];
  }

  protected override modulesAtStride(stride: 16 | 32): readonly Module[] {
    const [, , eighth, sixteenth] = FEATURES;
    return stride === 16 ? this.#layers.slice(eighth + 1, sixteenth + 1) : this.#layers.slice(sixteenth + 1);
  }

  override forward(x: tf.Tensor4D, context: Context): readonly tf.Tensor4D[] {
    const features = [x];
    let first = 0;
    for (const last of this.#features) {
      const layers = this.#layers.slice(first, last + 1);
      const compute = (input: tf.Tensor4D, inner: Context) =>
        layers.reduce((value, layer) => layer.forward(value, inner), input);
      features.push(this.stage({ modules: layers, compute }, features.at(-1)!, context));
      first = last + 1;
    }
    return features;
  }
}

/** Pointwise expansion, depthwise convolution, linear pointwise projection, and a shortcut where the shapes allow. */
class InvertedResidual extends Layer {
  readonly #convolutions: Sequential;
  readonly #residual: boolean;

  constructor(inChannels: number, outChannels: number, expansion: number, stride: number) {
    super();
    const inner = inChannels * expansion;
    this.#residual = stride === 1 && inChannels === outChannels;
    this.#convolutions = this.register(
      'conv',
      new Sequential([
        ...(expansion === 1 ? [] : [convNormRelu6(inChannels, inner, { kernelSize: 1 })]),
        convNormRelu6(inner, inner, { kernelSize: 3, stride, groups: inner }),
        convolution(inner, outChannels, { kernelSize: 1 }),
        new BatchNorm2d(outChannels),
      ]),
    );
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const y = this.#convolutions.forward(x, context);
    return this.#residual ? tf.add(x, y) : y;
  }
}

interface ConvolutionOptions {
  readonly kernelSize: 1 | 3;
  readonly stride?: number;
  readonly groups?: number;
  readonly kernelInitializer?: Initializer;
}

function convNormRelu6(inChannels: number, outChannels: number, options: ConvolutionOptions): Sequential {
  const layers = [convolution(inChannels, outChannels, options), new BatchNorm2d(outChannels), new Relu6()];
  return new Sequential(layers);
}

function convolution(inChannels: number, outChannels: number, options: ConvolutionOptions): Conv2d {
  return new Conv2d({
    inChannels,
    outChannels,
    padding: options.kernelSize === 3 ? 1 : 0,
    bias: false,
    kernelInitializer: kaimingNormalFanOut,
    ...options,
  });
}
