import * as tf from '@tensorflow/tfjs-core';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import type { Conv2dOptions } from '../../nn/conv2d.ts';
import { convNormActivation } from '../../nn/convNormActivation.ts';
import { normal } from '../../nn/initializers.ts';
import { Layer } from '../../nn/module.ts';
import type { Module } from '../../nn/module.ts';
import { Sequential } from '../../nn/sequential.ts';
import { StochasticDepth } from '../../nn/stochasticDepth.ts';
import { LITE_HEAD_CHANNELS, LITE_STEM_CHANNELS, efficientnetLitePlan } from './efficientnetLitePlan.ts';
import type { EfficientNetLiteVariant, LiteBlockPlan } from './efficientnetLitePlan.ts';
import { Encoder } from './encoder.ts';
import type { LitePadding } from './options.ts';

export interface EfficientNetLiteOptions {
  readonly variant: EfficientNetLiteVariant;
  readonly inChannels: number;
  /** Halvings whose features `forward` returns, 2 to 5; the original keeps the other parameters, here they are frozen. */
  readonly depth: number;
  /** Probability that training skips a residual block for a sample: 0 at the first, nearly this at the last. */
  readonly dropPath: number;
  /** segmentation-models-pytorch's, or TensorFlow's with its epsilon. */
  readonly padding: LitePadding;
}

/** Stages of blocks between one feature and the next. */
const featureStages = [[0, 1], [2], [3, 4], [5, 6]] as const;

/**
 * EfficientNet-Lite (https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite), EfficientNet
 * with ReLU6 and without squeeze-and-excitation. Padded `symmetric` it is segmentation-models-pytorch's
 * `EfficientNetLiteEncoder`, with PyTorch's normalization; padded `same` it is the authors' and timm's
 * `tf_efficientnet_lite0` (and its siblings), for which the published weights are.
 */
export class EfficientNetLite extends Encoder {
  override readonly outChannels: readonly number[];
  readonly #stem: readonly [Conv2d, BatchNorm2d];
  readonly #stages: readonly Sequential[];
  readonly #depth: number;

  constructor({ variant, inChannels, depth, dropPath, padding }: EfficientNetLiteOptions) {
    super();
    const layers = layersOf(padding);
    this.#depth = depth;
    const plan = efficientnetLitePlan(variant);
    const stem = {
      inChannels,
      outChannels: LITE_STEM_CHANNELS,
      kernelSize: 3,
      stride: 2,
      padding: layers.padding(3),
    };
    this.#stem = [
      this.register(
        'conv_stem',
        // For other than colour images the original gives this layer PyTorch's default weights.
        inChannels === 3 ? convolution(stem) : new Conv2d({ ...stem, bias: false }),
      ),
      this.register('bn1', layers.norm(LITE_STEM_CHANNELS)),
    ];
    const last = featureStages[depth - 2]!.at(-1)!;
    const total = plan.flat().length;
    let first = 0;
    this.#stages = plan.map((blocks, stage) => {
      const created = new Sequential(
        blocks.map((block, index) => {
          const rate = (dropPath * (first + index)) / total;
          return block.expansion === 1
            ? new SeparableBlock(block, layers)
            : new InvertedResidual(block, layers, rate, `blocks.${stage}.${index}`);
        }),
      );
      first += blocks.length;
      return stage > last ? created.freeze() : created;
    });
    this.register('blocks', new Sequential(this.#stages));
    // The classifier's: the original keeps them in its state dict and never calls them.
    const head = {
      inChannels: plan.at(-1)!.at(-1)!.outChannels,
      outChannels: LITE_HEAD_CHANNELS,
      kernelSize: 1,
    };
    this.register('conv_head', convolution(head)).freeze();
    this.register('bn2', layers.norm(LITE_HEAD_CHANNELS)).freeze();
    const channels = featureStages.map((stages) => plan[stages.at(-1)!]!.at(-1)!.outChannels);
    this.outChannels = [inChannels, LITE_STEM_CHANNELS, ...channels.slice(0, depth - 1)];
  }

  protected override modulesAtStride(stride: 16 | 32): readonly Module[] {
    return stride === 16 ? this.#stages.slice(3, 5) : this.#stages.slice(5);
  }

  override forward(x: tf.Tensor4D, context: Context): readonly tf.Tensor4D[] {
    const stem = {
      modules: this.#stem,
      compute: (image: tf.Tensor4D, inner: Context) =>
        convNormActivation(image, this.#stem, { activation: 'relu6' }, inner),
    };
    let y = this.stage(stem, x, context);
    const features = [x, y];
    for (const stages of featureStages.slice(0, this.#depth - 1)) {
      const modules = stages.map((stage) => this.#stages[stage]!);
      const compute = (input: tf.Tensor4D, inner: Context) =>
        modules.reduce((value, module) => module.forward(value, inner), input);
      y = this.stage({ modules, compute }, y, context);
      features.push(y);
    }
    return features;
  }
}

/** What the two kinds of padding make differ in every block. */
interface Layers {
  readonly padding: (kernelSize: number) => number | 'same';
  readonly norm: (channels: number) => BatchNorm2d;
}

function layersOf(padding: LitePadding): Layers {
  return padding === 'same'
    ? { padding: () => 'same', norm: (channels) => new BatchNorm2d(channels, { epsilon: 1e-3 }) }
    : {
        padding: (kernelSize) => Math.floor(kernelSize / 2),
        norm: (channels) => new BatchNorm2d(channels),
      };
}

/** timm's `DepthwiseSeparableConv`: depthwise and pointwise convolution. */
class SeparableBlock extends Layer {
  readonly #depthwise: readonly [Conv2d, BatchNorm2d];
  readonly #project: readonly [Conv2d, BatchNorm2d];

  constructor({ inChannels, outChannels, kernelSize, stride }: LiteBlockPlan, layers: Layers) {
    super();
    this.#depthwise = [
      this.register('conv_dw', depthwise(inChannels, kernelSize, stride, layers)),
      this.register('bn1', layers.norm(inChannels)),
    ];
    this.#project = [
      this.register('conv_pw', convolution({ inChannels, outChannels, kernelSize: 1 })),
      this.register('bn2', layers.norm(outChannels)),
    ];
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const y = convNormActivation(x, this.#depthwise, { activation: 'relu6' }, context);
    return convNormActivation(y, this.#project, { activation: 'none' }, context);
  }
}

/** timm's `InvertedResidual` (Sandler et al. 2018, https://arxiv.org/abs/1801.04381). */
class InvertedResidual extends Layer {
  readonly #expand: readonly [Conv2d, BatchNorm2d];
  readonly #depthwise: readonly [Conv2d, BatchNorm2d];
  readonly #project: readonly [Conv2d, BatchNorm2d];
  /** Of a block with a shortcut. */
  readonly #drop: StochasticDepth | undefined;

  /**
   * @param dropRate Probability that training drops everything but the shortcut, for each sample.
   * @param stream Names what draws it.
   */
  constructor(
    { inChannels, outChannels, expansion, kernelSize, stride }: LiteBlockPlan,
    layers: Layers,
    dropRate: number,
    stream: string,
  ) {
    super();
    const inner = inChannels * expansion;
    this.#expand = [
      this.register('conv_pw', convolution({ inChannels, outChannels: inner, kernelSize: 1 })),
      this.register('bn1', layers.norm(inner)),
    ];
    this.#depthwise = [
      this.register('conv_dw', depthwise(inner, kernelSize, stride, layers)),
      this.register('bn2', layers.norm(inner)),
    ];
    this.#project = [
      this.register('conv_pwl', convolution({ inChannels: inner, outChannels, kernelSize: 1 })),
      this.register('bn3', layers.norm(outChannels)),
    ];
    if (stride === 1 && inChannels === outChannels) {
      this.#drop = this.register('drop_path', new StochasticDepth(dropRate, stream));
    }
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    let y = convNormActivation(x, this.#expand, { activation: 'relu6' }, context);
    y = convNormActivation(y, this.#depthwise, { activation: 'relu6' }, context);
    y = convNormActivation(y, this.#project, { activation: 'none' }, context);
    return this.#drop === undefined ? y : tf.add(this.#drop.forward(y, context), x);
  }
}

function depthwise(channels: number, kernelSize: number, stride: number, layers: Layers): Conv2d {
  return convolution({
    inChannels: channels,
    outChannels: channels,
    kernelSize,
    stride,
    padding: layers.padding(kernelSize),
    groups: channels,
  });
}

/** With the authors' first weights, for which the fan out is that of a whole layer by its groups. */
function convolution(options: Omit<Conv2dOptions, 'bias' | 'kernelInitializer'>): Conv2d {
  const { kernelSize, outChannels, groups = 1 } = options;
  const fanOut = (kernelSize ** 2 * outChannels) / groups;
  return new Conv2d({ ...options, bias: false, kernelInitializer: normal(Math.sqrt(2 / fanOut)) });
}
