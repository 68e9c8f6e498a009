import type * as tf from '@tensorflow/tfjs-core';
import { Relu } from '../../nn/activations.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { kaimingNormalFanOut, zeros } from '../../nn/initializers.ts';
import type { Layer, Module } from '../../nn/module.ts';
import { MaxPool2d } from '../../nn/pooling.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Encoder } from './encoder.ts';

export interface VGGVariant {
  /** Convolutions before each of the five poolings. */
  readonly convolutions: readonly [number, number, number, number, number];
  readonly batchNorm: boolean;
}

/** torchvision's names and sizes (Simonyan and Zisserman 2015, https://arxiv.org/abs/1409.1556). */
export const vggVariants = {
  vgg11: { convolutions: [1, 1, 2, 2, 2], batchNorm: false },
  vgg11_bn: { convolutions: [1, 1, 2, 2, 2], batchNorm: true },
  vgg13: { convolutions: [2, 2, 2, 2, 2], batchNorm: false },
  vgg13_bn: { convolutions: [2, 2, 2, 2, 2], batchNorm: true },
  vgg16: { convolutions: [2, 2, 3, 3, 3], batchNorm: false },
  vgg16_bn: { convolutions: [2, 2, 3, 3, 3], batchNorm: true },
  vgg19: { convolutions: [2, 2, 4, 4, 4], batchNorm: false },
  vgg19_bn: { convolutions: [2, 2, 4, 4, 4], batchNorm: true },
} as const satisfies Record<string, VGGVariant>;

export interface VGGOptions {
  readonly variant: VGGVariant;
  readonly inChannels: number;
  /** Halvings whose features `forward` returns, 1 to 5; the original keeps the other parameters, here they are frozen. */
  readonly depth: number;
}

const WIDTHS = [64, 128, 256, 512, 512];

/**
 * `torchvision.models.vgg.VGG` without its classifier, as segmentation-models-pytorch's `VGGEncoder`.
 *
 * In the image's place its first feature is that of the first stage, of the same resolution; the last is pooled only.
 */
export class VGG extends Encoder {
  override readonly outChannels: readonly number[];
  readonly #inChannels: number;
  readonly #stages: readonly Sequential[];

  constructor({ variant, inChannels, depth }: VGGOptions) {
    super();
    this.#inChannels = inChannels;
    let channels = inChannels;
    const stages = WIDTHS.map((width, index) => {
      const layers: Layer[] = index === 0 ? [] : [halving()];
      for (let i = 0; i < variant.convolutions[index]!; i++) {
        layers.push(convolution(channels, width, { replaced: index + i === 0 && inChannels !== 3 }));
        if (variant.batchNorm) layers.push(new BatchNorm2d(width));
        layers.push(new Relu());
        channels = width;
      }
      return layers;
    });
    stages.push([halving()]);
    this.register('features', new Sequential(stages.flat()));
    for (const layers of stages.slice(depth + 1)) for (const layer of layers) layer.freeze();
    this.#stages = stages.slice(0, depth + 1).map((layers) => new Sequential(layers));
    this.outChannels = [...WIDTHS, WIDTHS.at(-1)!].slice(0, depth + 1);
  }

  override get inChannels(): number {
    return this.#inChannels;
  }

  /** None: the original has no dilation, since poolings halve its resolution. */
  protected override modulesAtStride(): readonly Module[] {
    return [];
  }

  /** @throws PhalanxError `model/input-shape` when the image is too small to be halved so often. */
  override forward(x: tf.Tensor4D, context: Context): readonly tf.Tensor4D[] {
    this.requireSides(x, 2 ** (this.outChannels.length - 1));
    const features: tf.Tensor4D[] = [];
    for (const stage of this.#stages) {
      const compute = (input: tf.Tensor4D, inner: Context) => stage.forward(input, inner);
      features.push(this.stage({ modules: [stage], compute }, features.at(-1) ?? x, context));
    }
    return features;
  }
}

function halving(): MaxPool2d {
  return new MaxPool2d({ kernelSize: 2, stride: 2 });
}

/** @param replaced By a layer with PyTorch's default weights, as the original does for other than colour images. */
function convolution(inChannels: number, outChannels: number, { replaced }: { replaced: boolean }): Conv2d {
  return new Conv2d({
    inChannels,
    outChannels,
    kernelSize: 3,
    padding: 1,
    ...(!replaced && { kernelInitializer: kaimingNormalFanOut, biasInitializer: zeros }),
  });
}
