import * as tf from '@tensorflow/tfjs-core';
import { Relu } from '../../nn/activations.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { convNormActivation } from '../../nn/convNormActivation.ts';
import { Dropout } from '../../nn/dropout.ts';
import { interpolate } from '../../nn/interpolate.ts';
import { Layer } from '../../nn/module.ts';
import { moduleList } from '../../nn/moduleDict.ts';
import { Sequential } from '../../nn/sequential.ts';

export interface ASPPOptions {
  /** Dilations of the convolutions beside the pointwise one. */
  readonly atrousRates: readonly number[];
  /** Whether those convolutions are depthwise and pointwise ones. */
  readonly separable: boolean;
  /** Share of values dropped at the end, in [0, 1). */
  readonly dropout: number;
  /** Names what draws the dropout. */
  readonly stream: string;
}

/**
 * Atrous spatial pyramid pooling (Chen et al. 2017, https://arxiv.org/abs/1706.05587), as torchvision's and
 * segmentation-models-pytorch's `ASPP`: convolutions of several dilations and the mean of the image, side by side.
 */
export class ASPP extends Layer {
  readonly #convs: readonly Layer[];
  readonly #project: Sequential;

  constructor(
    inChannels: number,
    outChannels: number,
    { atrousRates, separable, dropout, stream }: ASPPOptions,
  ) {
    super();
    const atrous = (dilation: number): Sequential => {
      const options = { inChannels, outChannels, kernelSize: 3, padding: dilation, dilation, bias: false };
      return convBnReLU(separable ? separableConvolution(options) : new Conv2d(options), outChannels);
    };
    this.#convs = [
      convBnReLU(pointwise(inChannels, outChannels), outChannels),
      ...atrousRates.map(atrous),
      new ASPPPooling(inChannels, outChannels),
    ];
    this.register('convs', moduleList(this.#convs));
    this.#project = this.register(
      'project',
      new Sequential([
        pointwise(this.#convs.length * outChannels, outChannels),
        new BatchNorm2d(outChannels),
        new Relu(),
        new Dropout(dropout, stream),
      ]),
    );
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const maps = this.#convs.map((layer) => layer.forward(x, context));
    return this.#project.forward(tf.concat(maps, 3), context);
  }
}

/** The mean of the image, at every pixel. */
class ASPPPooling extends Layer {
  readonly #convolution: readonly [Conv2d, BatchNorm2d];

  constructor(inChannels: number, outChannels: number) {
    super();
    this.#convolution = [
      this.register('1', pointwise(inChannels, outChannels)),
      this.register('2', new BatchNorm2d(outChannels)),
    ];
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const mean = tf.mean<tf.Tensor4D>(x, [1, 2], true);
    const y = convNormActivation(mean, this.#convolution, { activation: 'relu' }, context);
    return interpolate(y, [x.shape[1], x.shape[2]], 'nearest');
  }
}

/** A depthwise convolution and a pointwise one, as segmentation-models-pytorch's `SeparableConv2d`. */
export function separableConvolution({
  inChannels,
  outChannels,
  dilation = 1,
}: {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly dilation?: number;
}): Sequential {
  const depthwise = { kernelSize: 3, padding: dilation, dilation, groups: inChannels, bias: false };
  return new Sequential([
    new Conv2d({ inChannels, outChannels: inChannels, ...depthwise }),
    pointwise(inChannels, outChannels),
  ]);
}

export function convBnReLU(convolution: Conv2d | Sequential, channels: number): Sequential {
  return new Sequential([convolution, new BatchNorm2d(channels), new Relu()]);
}

export function pointwise(inChannels: number, outChannels: number): Conv2d {
  return new Conv2d({ inChannels, outChannels, kernelSize: 1, bias: false });
}
