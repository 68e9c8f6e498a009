import * as tf from '@tensorflow/tfjs-core';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { convNormActivation } from '../../nn/convNormActivation.ts';
import { kaimingNormalFanIn, torchDefaultKernel } from '../../nn/initializers.ts';
import { Layer, Module } from '../../nn/module.ts';
import { ModuleDict } from '../../nn/moduleDict.ts';
import { AveragePool2d, MaxPool2d } from '../../nn/pooling.ts';
import { Encoder } from './encoder.ts';

export interface DenseNetVariant {
  /** Channels of the stem. */
  readonly stem: number;
  /** Channels that each layer adds. */
  readonly growth: number;
  /** Layers of each of the four blocks. */
  readonly layers: readonly [number, number, number, number];
}

/** torchvision's names and sizes (Huang et al. 2017, https://arxiv.org/abs/1608.06993). */
export const densenetVariants = {
  densenet121: { stem: 64, growth: 32, layers: [6, 12, 24, 16] },
  densenet161: { stem: 96, growth: 48, layers: [6, 12, 36, 24] },
  densenet169: { stem: 64, growth: 32, layers: [6, 12, 32, 32] },
  densenet201: { stem: 64, growth: 32, layers: [6, 12, 48, 32] },
} as const satisfies Record<string, DenseNetVariant>;

export interface DenseNetOptions {
  readonly variant: DenseNetVariant;
  readonly inChannels: number;
  /** Halvings whose features `forward` returns, 1 to 5; the original keeps the other parameters, here they are frozen. */
  readonly depth: number;
}

/** Channels between the two convolutions of a layer, in multiples of what it adds. */
const BOTTLENECK = 4;
/** Pixels of the shorter side that leave one at each depth: the last three halvings round down. */
const SMALLEST_SIDES = [1, 1, 1, 5, 13, 29];

/** What lies between two features. */
interface Stage {
  /** Halves the channels before the resolution; the first stage has none. */
  readonly shrink: Conv2d | undefined;
  readonly block: DenseBlock;
  readonly norm: BatchNorm2d;
}

/** `torchvision.models.densenet.DenseNet` without its classifier, as segmentation-models-pytorch's `DenseNetEncoder`. */
export class DenseNet extends Encoder {
  override readonly outChannels: readonly number[];
  readonly #stem: readonly [Conv2d, BatchNorm2d];
  readonly #maxPool = new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 });
  readonly #averagePool = new AveragePool2d({ kernelSize: 2, stride: 2 });
  readonly #stages: readonly Stage[];

  constructor({ variant, inChannels, depth }: DenseNetOptions) {
    super();
    const conv0 = new Conv2d({
      inChannels,
      outChannels: variant.stem,
      kernelSize: 7,
      stride: 2,
      padding: 3,
      bias: false,
      // For other than colour images the original replaces this layer by one with PyTorch's default weights.
      kernelInitializer: inChannels === 3 ? kaimingNormalFanIn : torchDefaultKernel,
    });
    this.#stem = [conv0, new BatchNorm2d(variant.stem)];
    const features: [string, Module][] = [
      ['conv0', conv0],
      ['norm0', this.#stem[1]],
    ];
    const outChannels = [inChannels, variant.stem];
    let channels = variant.stem;
    let shrink: Conv2d | undefined;
    this.#stages = variant.layers.map((layers, index) => {
      const block = new DenseBlock(channels, variant.growth, layers);
      channels += layers * variant.growth;
      outChannels.push(channels);
      const stage = { shrink, block, norm: new BatchNorm2d(channels) };
      features.push([`denseblock${index + 1}`, block]);
      if (index === variant.layers.length - 1) {
        features.push(['norm5', stage.norm]);
      } else {
        shrink = convolution(channels, channels / 2, 1);
        features.push([`transition${index + 1}`, new Transition(stage.norm, shrink)]);
        channels /= 2;
      }
      return stage;
    });
    this.register('features', new ModuleDict(features));
    for (const stage of this.#stages.slice(depth - 1)) {
      for (const module of modulesOf(stage)) module.freeze();
    }
    this.outChannels = outChannels.slice(0, depth + 1);
  }

  /** None: the original has no dilation, since poolings halve its resolution. */
  protected override modulesAtStride(): readonly Module[] {
    return [];
  }

  /** @throws PhalanxError `model/input-shape` when the image is too small to be halved so often. */
  override forward(x: tf.Tensor4D, context: Context): readonly tf.Tensor4D[] {
    const depth = this.outChannels.length - 1;
    this.requireSides(x, SMALLEST_SIDES[depth]!);
    const stem = {
      modules: this.#stem,
      compute: (image: tf.Tensor4D, inner: Context) =>
        convNormActivation(image, this.#stem, { activation: 'relu' }, inner),
    };
    let y = this.stage(stem, x, context);
    const features = [x, y];
    for (const stage of this.#stages.slice(0, depth - 1)) {
      const { shrink, block, norm } = stage;
      const activation = stage === this.#stages.at(-1) ? 'none' : 'relu';
      const compute = (input: tf.Tensor4D, inner: Context) => {
        const halved =
          shrink === undefined
            ? this.#maxPool.forward(input, inner)
            : this.#averagePool.forward(shrink.forward(input, inner), inner);
        return norm.forwardWith(block.forward(halved, inner), { activation }, inner);
      };
      y = this.stage({ modules: modulesOf(stage), compute }, y, context);
      features.push(y);
    }
    return features;
  }
}

function modulesOf({ shrink, block, norm }: Stage): readonly Module[] {
  return shrink === undefined ? [block, norm] : [shrink, block, norm];
}

/** The names of what lies between two blocks, which belongs to both. */
class Transition extends Module {
  constructor(norm: BatchNorm2d, shrink: Conv2d) {
    super();
    this.register('norm', norm);
    this.register('conv', shrink);
  }
}

/** Layers each of which sees the outputs of all before it. */
class DenseBlock extends Layer {
  readonly #layers: readonly DenseLayer[];

  constructor(inChannels: number, growth: number, layers: number) {
    super();
    this.#layers = Array.from({ length: layers }, (_, index) =>
      this.register(`denselayer${index + 1}`, new DenseLayer(inChannels + index * growth, growth)),
    );
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.#layers.reduce((y, layer) => tf.concat([y, layer.forward(y, context)], 3), x);
  }
}

class DenseLayer extends Layer {
  readonly #norm1: BatchNorm2d;
  readonly #bottleneck: readonly [Conv2d, BatchNorm2d];
  readonly #conv2: Conv2d;

  constructor(inChannels: number, growth: number) {
    super();
    const inner = BOTTLENECK * growth;
    this.#norm1 = this.register('norm1', new BatchNorm2d(inChannels));
    this.#bottleneck = [
      this.register('conv1', convolution(inChannels, inner, 1)),
      this.register('norm2', new BatchNorm2d(inner)),
    ];
    this.#conv2 = this.register('conv2', convolution(inner, growth, 3));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const normalized = this.#norm1.forwardWith(x, { activation: 'relu' }, context);
    const squeezed = convNormActivation(normalized, this.#bottleneck, { activation: 'relu' }, context);
    return this.#conv2.forward(squeezed, context);
  }
}

function convolution(inChannels: number, outChannels: number, kernelSize: 1 | 3): Conv2d {
  return new Conv2d({
    inChannels,
    outChannels,
    kernelSize,
    padding: kernelSize === 3 ? 1 : 0,
    bias: false,
    kernelInitializer: kaimingNormalFanIn,
  });
}
