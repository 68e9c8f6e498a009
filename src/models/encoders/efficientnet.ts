import type * as tf from '@tensorflow/tfjs-core';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { convNormActivation } from '../../nn/convNormActivation.ts';
import type { Module } from '../../nn/module.ts';
import { moduleList } from '../../nn/moduleDict.ts';
import { Encoder } from './encoder.ts';
import { efficientnetPlan } from './efficientnetPlan.ts';
import type { EfficientNetVariant } from './efficientnetPlan.ts';
import { MBConvBlock, batchNormOptions } from './mbConvBlock.ts';

export interface EfficientNetOptions {
  readonly variant: EfficientNetVariant;
  readonly inChannels: number;
  /** Halvings whose features `forward` returns, 2 to 5; the original keeps the other parameters, here they are frozen. */
  readonly depth: number;
  /** Probability that training skips a residual block for a sample: 0 at the first, nearly this at the last. */
  readonly dropConnect: number;
}

/**
 * EfficientNet (Tan and Le 2019, https://arxiv.org/abs/1905.11946) without its classifier, as
 * segmentation-models-pytorch's `EfficientNetEncoder`.
 */
export class EfficientNet extends Encoder {
  override readonly outChannels: readonly number[];
  readonly #stem: Conv2d;
  readonly #bn0: BatchNorm2d;
  readonly #blocks: readonly MBConvBlock[];
  /** Indices of the blocks whose output is a feature. */
  readonly #features: readonly number[];
  /** Those of every depth. */
  readonly #strides: EfficientNetVariant['features'];
  readonly #smallestSide: number;

  constructor({ variant, inChannels, depth, dropConnect }: EfficientNetOptions) {
    super();
    const plan = efficientnetPlan(variant);
    this.#strides = variant.features;
    this.#features = variant.features.slice(0, depth - 1);
    this.#smallestSide = plan.smallestSide(depth);
    this.#stem = this.register(
      '_conv_stem',
      new Conv2d({
        inChannels,
        outChannels: plan.stem.channels,
        kernelSize: 3,
        stride: 2,
        padding: plan.stem.padding,
        bias: false,
      }),
    );
    this.#bn0 = this.register('_bn0', new BatchNorm2d(plan.stem.channels, batchNormOptions));
    const last = this.#features.at(-1)!;
    this.#blocks = plan.blocks.map((block, index) => {
      const rate = (dropConnect * index) / plan.blocks.length;
      const created = new MBConvBlock(block, rate, `_blocks.${index}`);
      return index > last ? created.freeze() : created;
    });
    this.register('_blocks', moduleList(this.#blocks));
    // The classifier's: the original keeps them in its state dict and never calls them.
    const outChannels = plan.headChannels;
    const head = { inChannels: plan.blocks.at(-1)!.outChannels, outChannels, kernelSize: 1, bias: false };
    this.register('_conv_head', new Conv2d(head)).freeze();
    this.register('_bn1', new BatchNorm2d(outChannels, batchNormOptions)).freeze();
    const channels = this.#features.map((index) => plan.blocks[index]!.outChannels);
    this.outChannels = [inChannels, plan.stem.channels, ...channels];
  }

  protected override modulesAtStride(stride: 16 | 32): readonly Module[] {
    const [, eighth, sixteenth] = this.#strides;
    return stride === 16 ? this.#blocks.slice(eighth + 1, sixteenth + 1) : this.#blocks.slice(sixteenth + 1);
  }

  /** @throws PhalanxError `model/input-shape` when the image is too small to be halved so often. */
  override forward(x: tf.Tensor4D, context: Context): readonly tf.Tensor4D[] {
    this.requireSides(x, this.#smallestSide);
    const stem = {
      modules: [this.#stem, this.#bn0],
      compute: (image: tf.Tensor4D, inner: Context) =>
        convNormActivation(image, [this.#stem, this.#bn0], { activation: 'silu' }, inner),
    };
    let y = this.stage(stem, x, context);
    const features = [x, y];
    let first = 0;
    for (const last of this.#features) {
      const blocks = this.#blocks.slice(first, last + 1);
      const compute = (input: tf.Tensor4D, inner: Context) =>
        blocks.reduce((value, block) => block.forward(value, inner), input);
      y = this.stage({ modules: blocks, compute }, y, context);
      features.push(y);
      first = last + 1;
    }
    return features;
  }
}
