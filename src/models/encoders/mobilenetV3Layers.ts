import * as tf from '@tensorflow/tfjs-core';
import { hardsigmoid } from '../../engine/ops/hardswish.ts';
import { Hardswish, Relu } from '../../nn/activations.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { kaimingNormalFanOut, zeros } from '../../nn/initializers.ts';
import { Layer } from '../../nn/module.ts';
import { Sequential } from '../../nn/sequential.ts';
import { roundChannels } from './efficientnetPlan.ts';

type Activation = 'relu' | 'hardswish';

/** Kernel size, expanded and output channels, whether there is squeeze-and-excitation, activation, stride. */
type BlockPlan = readonly [3 | 5, number, number, boolean, Activation, 1 | 2];

const STEM_CHANNELS = 16;

/** MobileNetV3-Large. */
const blocks: readonly BlockPlan[] = [
  [3, 16, 16, false, 'relu', 1],
  [3, 64, 24, false, 'relu', 2],
  [3, 72, 24, false, 'relu', 1],
  [5, 72, 40, true, 'relu', 2],
  [5, 120, 40, true, 'relu', 1],
  [5, 120, 40, true, 'relu', 1],
  [3, 240, 80, false, 'hardswish', 2],
  [3, 200, 80, false, 'hardswish', 1],
  [3, 184, 80, false, 'hardswish', 1],
  [3, 184, 80, false, 'hardswish', 1],
  [3, 480, 112, true, 'hardswish', 1],
  [3, 672, 112, true, 'hardswish', 1],
  [5, 672, 160, true, 'hardswish', 2],
  [5, 960, 160, true, 'hardswish', 1],
  [5, 960, 160, true, 'hardswish', 1],
];

/** Layers from this one on, the last that halves, are those that torchvision dilates. */
const FIRST_DILATED = 13;

const HEAD_CHANNELS = 960;

/** Output channels of each layer. */
export const mobilenetV3Channels: readonly number[] = [
  STEM_CHANNELS,
  ...blocks.map(([, , outChannels]) => outChannels),
  HEAD_CHANNELS,
];

/**
 * `torchvision.models.mobilenet_v3_large().features`: the first convolution, fifteen blocks, the last convolution.
 *
 * @param dilated Keep the resolution of the last blocks and dilate them instead, for output stride 16.
 */
export function mobilenetV3Layers(inChannels: number, { dilated }: { dilated: boolean }): readonly Layer[] {
  const layers: Layer[] = [
    convNormActivation({ inChannels, outChannels: STEM_CHANNELS, kernelSize: 3, stride: 2 }, 'hardswish'),
  ];
  let channels = STEM_CHANNELS;
  for (const plan of blocks) {
    layers.push(new InvertedResidual(channels, plan, dilated && layers.length >= FIRST_DILATED));
    channels = plan[2];
  }
  layers.push(
    convNormActivation({ inChannels: channels, outChannels: HEAD_CHANNELS, kernelSize: 1 }, 'hardswish'),
  );
  return layers;
}

class InvertedResidual extends Layer {
  readonly #block: Sequential;
  readonly #hasShortcut: boolean;

  constructor(
    inChannels: number,
    [kernelSize, inner, outChannels, squeezes, activation, stride]: BlockPlan,
    dilated: boolean,
  ) {
    super();
    const expand = { inChannels, outChannels: inner, kernelSize: 1 };
    const geometry = dilated ? { kernelSize, dilation: 2 } : { kernelSize, stride };
    const depthwise = { inChannels: inner, outChannels: inner, groups: inner, ...geometry };
    this.#block = this.register(
      'block',
      new Sequential([
        ...(inner === inChannels ? [] : [convNormActivation(expand, activation)]),
        convNormActivation(depthwise, activation),
        ...(squeezes ? [new SqueezeExcitation(inner)] : []),
        convNormActivation({ inChannels: inner, outChannels, kernelSize: 1 }),
      ]),
    );
    this.#hasShortcut = stride === 1 && inChannels === outChannels;
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const y = this.#block.forward(x, context);
    return this.#hasShortcut ? tf.add(y, x) : y;
  }
}

/** torchvision's `SqueezeExcitation` as MobileNetV3 has it, with ReLU inside and a hard sigmoid for the shares. */
class SqueezeExcitation extends Layer {
  readonly #reduce: Conv2d;
  readonly #expand: Conv2d;

  constructor(channels: number) {
    super();
    const squeezed = roundChannels(Math.floor(channels / 4));
    const options = { kernelSize: 1, kernelInitializer: kaimingNormalFanOut, biasInitializer: zeros };
    this.#reduce = this.register(
      'fc1',
      new Conv2d({ inChannels: channels, outChannels: squeezed, ...options }),
    );
    this.#expand = this.register(
      'fc2',
      new Conv2d({ inChannels: squeezed, outChannels: channels, ...options }),
    );
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const means = tf.mean<tf.Tensor4D>(x, [1, 2], true);
    const logits = this.#expand.forward(tf.relu(this.#reduce.forward(means, context)), context);
    return tf.mul(x, hardsigmoid(logits));
  }
}

interface ConvolutionOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** torchvision's `Conv2dNormActivation`. */
function convNormActivation(options: ConvolutionOptions, activation?: Activation): Sequential {
  const { outChannels, kernelSize, dilation = 1 } = options;
  const convolution = new Conv2d({
    ...options,
    padding: Math.floor(kernelSize / 2) * dilation,
    bias: false,
    kernelInitializer: kaimingNormalFanOut,
  });
  const norm = new BatchNorm2d(outChannels, { epsilon: 1e-3, momentum: 0.01 });
  if (activation === undefined) return new Sequential([convolution, norm]);
  return new Sequential([convolution, norm, activation === 'relu' ? new Relu() : new Hardswish()]);
}
