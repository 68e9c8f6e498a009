import type * as tf from '@tensorflow/tfjs-core';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { convNormActivation } from '../../nn/convNormActivation.ts';
import { kaimingNormalFanOut, torchDefaultKernel } from '../../nn/initializers.ts';
import { Layer } from '../../nn/module.ts';
import type { Module } from '../../nn/module.ts';
import { MaxPool2d } from '../../nn/pooling.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Encoder } from './encoder.ts';

export interface ResNetVariant {
  readonly block: 'basic' | 'bottleneck';
  /** Blocks in each of the four stages. */
  readonly layers: readonly [number, number, number, number];
  /** Groups of the 3×3 convolutions of bottleneck blocks. Default 1. */
  readonly groups?: number;
  /** Channels per group and 64 of the stage's. Default 64. */
  readonly widthPerGroup?: number;
}

/**
 * torchvision's names and sizes: He et al. 2016 (https://arxiv.org/abs/1512.03385; bottlenecks as its version 1.5), Xie
 * et al. 2017 (https://arxiv.org/abs/1611.05431), Zagoruyko and Komodakis 2016 (https://arxiv.org/abs/1605.07146).
 */
export const resnetVariants = {
  resnet18: { block: 'basic', layers: [2, 2, 2, 2] },
  resnet34: { block: 'basic', layers: [3, 4, 6, 3] },
  resnet50: { block: 'bottleneck', layers: [3, 4, 6, 3] },
  resnet101: { block: 'bottleneck', layers: [3, 4, 23, 3] },
  resnet152: { block: 'bottleneck', layers: [3, 8, 36, 3] },
  resnext50_32x4d: { block: 'bottleneck', layers: [3, 4, 6, 3], groups: 32, widthPerGroup: 4 },
  resnext101_32x8d: { block: 'bottleneck', layers: [3, 4, 23, 3], groups: 32, widthPerGroup: 8 },
  wide_resnet50_2: { block: 'bottleneck', layers: [3, 4, 6, 3], widthPerGroup: 128 },
} as const satisfies Record<string, ResNetVariant>;

export interface ResNetOptions {
  readonly variant: ResNetVariant;
  readonly inChannels: number;
  /** Stages whose features `forward` returns, 1 to 5; the original keeps the others' parameters, here they are frozen. */
  readonly depth: number;
  /** Keep the resolution of stages 3 and 4 and dilate instead, for output stride 8 (torchvision's FCN). Default false. */
  readonly dilated?: boolean;
}

interface BlockOptions {
  readonly inChannels: number;
  readonly width: number;
  readonly stride: number;
  readonly dilation: number;
  readonly groups: number;
  readonly widthPerGroup: number;
}

const EXPANSION = 4;

/** `torchvision.models.resnet.ResNet` without its classifier, as segmentation-models-pytorch's `ResNetEncoder`. */
export class ResNet extends Encoder {
  override readonly outChannels: readonly number[];
  readonly #conv1: Conv2d;
  readonly #bn1: BatchNorm2d;
  readonly #pool = new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 });
  readonly #stages: readonly Sequential[];
  readonly #depth: number;

  constructor({ variant, inChannels, depth, dilated = false }: ResNetOptions) {
    super();
    this.#depth = depth;
    this.#conv1 = this.register(
      'conv1',
      new Conv2d({
        inChannels,
        outChannels: 64,
        kernelSize: 7,
        stride: 2,
        padding: 3,
        bias: false,
        // For other than colour images the original replaces this layer by one with PyTorch's default weights.
        kernelInitializer: inChannels === 3 ? kaimingNormalFanOut : torchDefaultKernel,
      }),
    );
    this.#bn1 = this.register('bn1', new BatchNorm2d(64));
    const expansion = variant.block === 'bottleneck' ? EXPANSION : 1;
    const widths = [64, 128, 256, 512];
    let channels = 64;
    let dilation = 1;
    this.#stages = widths.map((width, index) => {
      const halves = index > 0;
      const dilates = dilated && index >= 2;
      const stride = halves && !dilates ? 2 : 1;
      // torchvision gives the first block of a dilated stage the dilation of the stage before.
      const first = { inChannels: channels, width, stride, dilation };
      if (dilates) dilation *= 2;
      channels = width * expansion;
      const others = { inChannels: channels, width, stride: 1, dilation };
      const blocks = Array.from({ length: variant.layers[index]! }, (_, block) =>
        createBlock(variant, block === 0 ? first : others),
      );
      const stage = this.register(`layer${index + 1}`, new Sequential(blocks));
      return index + 2 > depth ? stage.freeze() : stage;
    });
    const features = [inChannels, 64, ...widths.map((width) => width * expansion)];
    this.outChannels = features.slice(0, depth + 1);
    if (dilated) this.endAtStride(8);
  }

  protected override modulesAtStride(stride: 16 | 32): readonly Module[] {
    return [this.#stages[stride === 16 ? 2 : 3]!];
  }

  override forward(x: tf.Tensor4D, context: Context): readonly tf.Tensor4D[] {
    const stem = this.stage(
      {
        modules: [this.#conv1, this.#bn1],
        compute: (image, inner) =>
          convNormActivation(image, [this.#conv1, this.#bn1], { activation: 'relu' }, inner),
      },
      x,
      context,
    );
    const features = [x, stem];
    let y = stem;
    for (const [index, stage] of this.#stages.slice(0, this.#depth - 1).entries()) {
      const pool = (input: tf.Tensor4D) => (index === 0 ? this.#pool.forward(input, context) : input);
      const compute = (input: tf.Tensor4D, inner: Context) => stage.forward(pool(input), inner);
      y = this.stage({ modules: [stage], compute }, y, context);
      features.push(y);
    }
    return features;
  }
}

function createBlock(variant: ResNetVariant, options: Omit<BlockOptions, 'groups' | 'widthPerGroup'>): Layer {
  const complete = { ...options, groups: variant.groups ?? 1, widthPerGroup: variant.widthPerGroup ?? 64 };
  return variant.block === 'basic' ? new BasicBlock(complete) : new Bottleneck(complete);
}

class BasicBlock extends Layer {
  readonly #branch: readonly (readonly [Conv2d, BatchNorm2d])[];
  readonly #downsample: Sequential | undefined;

  constructor({ inChannels, width, stride, dilation }: BlockOptions) {
    super();
    if (dilation > 1) throw new Error('torchvision defines no dilation for basic residual blocks');
    this.#branch = [
      [
        this.register('conv1', convolution(inChannels, width, { kernelSize: 3, stride })),
        this.register('bn1', new BatchNorm2d(width)),
      ],
      [
        this.register('conv2', convolution(width, width, { kernelSize: 3 })),
        this.register('bn2', new BatchNorm2d(width)),
      ],
    ];
    const shortcut = createShortcut(inChannels, width, stride);
    this.#downsample = shortcut && this.register('downsample', shortcut);
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return residual(x, this.#branch, this.#downsample, context);
  }
}

class Bottleneck extends Layer {
  readonly #branch: readonly (readonly [Conv2d, BatchNorm2d])[];
  readonly #downsample: Sequential | undefined;

  constructor({ inChannels, width, stride, dilation, groups, widthPerGroup }: BlockOptions) {
    super();
    const inner = Math.trunc(width * (widthPerGroup / 64)) * groups;
    const outer = width * EXPANSION;
    this.#branch = [
      [
        this.register('conv1', convolution(inChannels, inner, { kernelSize: 1 })),
        this.register('bn1', new BatchNorm2d(inner)),
      ],
      [
        this.register('conv2', convolution(inner, inner, { kernelSize: 3, stride, dilation, groups })),
        this.register('bn2', new BatchNorm2d(inner)),
      ],
      [
        this.register('conv3', convolution(inner, outer, { kernelSize: 1 })),
        this.register('bn3', new BatchNorm2d(outer)),
      ],
    ];
    const shortcut = createShortcut(inChannels, outer, stride);
    this.#downsample = shortcut && this.register('downsample', shortcut);
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return residual(x, this.#branch, this.#downsample, context);
  }
}

function residual(
  x: tf.Tensor4D,
  branch: readonly (readonly [Conv2d, BatchNorm2d])[],
  downsample: Sequential | undefined,
  context: Context,
): tf.Tensor4D {
  const inner = branch.slice(0, -1);
  const y = inner.reduce(
    (input, layers) => convNormActivation(input, layers, { activation: 'relu' }, context),
    x,
  );
  const shortcut = downsample?.forward(x, context) ?? x;
  return convNormActivation(y, branch.at(-1)!, { activation: 'relu', residual: shortcut }, context);
}

function createShortcut(inChannels: number, outChannels: number, stride: number): Sequential | undefined {
  if (stride === 1 && inChannels === outChannels) return undefined;
  return new Sequential([
    convolution(inChannels, outChannels, { kernelSize: 1, stride }),
    new BatchNorm2d(outChannels),
  ]);
}

function convolution(
  inChannels: number,
  outChannels: number,
  options: { kernelSize: 1 | 3; stride?: number; dilation?: number; groups?: number },
): Conv2d {
  return new Conv2d({
    inChannels,
    outChannels,
    ...options,
    padding: options.kernelSize === 3 ? (options.dilation ?? 1) : 0,
    bias: false,
    kernelInitializer: kaimingNormalFanOut,
  });
}
