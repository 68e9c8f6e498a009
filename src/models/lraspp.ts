import * as tf from '@tensorflow/tfjs-core';
import { Relu, Sigmoid } from '../nn/activations.ts';
import { BatchNorm2d } from '../nn/batchNorm2d.ts';
import type { Context } from '../nn/context.ts';
import { Conv2d } from '../nn/conv2d.ts';
import { interpolate } from '../nn/interpolate.ts';
import { Module } from '../nn/module.ts';
import type { Layer } from '../nn/module.ts';
import { GlobalAveragePool2d } from '../nn/pooling.ts';
import { computeStage } from '../nn/recompute.ts';
import { Sequential } from '../nn/sequential.ts';
import { mobilenetV3Channels, mobilenetV3Layers } from './encoders/mobilenetV3Layers.ts';
import { SegmentationModel } from './segmentationModel.ts';
import type { SegmentationOutput } from './segmentationModel.ts';

/** Where the layers of the feature of 8 pixels per pixel end, which is after the first of its blocks. */
const LOW_END = 5;

const INNER_CHANNELS = 128;

/** Feature maps of 8 and of 16 pixels per pixel. */
interface Features {
  readonly low: tf.Tensor4D;
  readonly high: tf.Tensor4D;
}

/**
 * torchvision's `lraspp_mobilenet_v3_large` (Howard et al. 2019, https://arxiv.org/abs/1905.02244): `backbone`,
 * MobileNetV3-Large of output stride 16, and `classifier`, whose logits are enlarged bilinearly to the input's size.
 */
export class LRASPP extends SegmentationModel {
  override readonly inChannels: number;
  override readonly classes: number;
  override readonly sizeMultiple = 1;
  override readonly outputs: readonly Conv2d[];
  readonly backbone: Backbone;
  readonly #classifier: LRASPPHead;

  constructor(inChannels: number, classes: number) {
    super();
    this.inChannels = inChannels;
    this.classes = classes;
    this.backbone = this.register('backbone', new Backbone(inChannels));
    this.#classifier = this.register('classifier', new LRASPPHead(classes));
    this.outputs = this.#classifier.outputs;
  }

  protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
    const logits = this.#classifier.forward(this.backbone.forward(x, context), context);
    return { logits: interpolate(logits, [x.shape[1], x.shape[2]], 'bilinear') };
  }
}

class Backbone extends Module {
  readonly #layers: readonly Layer[];

  constructor(inChannels: number) {
    super();
    this.#layers = mobilenetV3Layers(inChannels, { dilated: true });
    for (const [index, layer] of this.#layers.entries()) this.register(String(index), layer);
  }

  forward(x: tf.Tensor4D, context: Context): Features {
    const low = this.#compute(this.#layers.slice(0, LOW_END), x, context);
    return { low, high: this.#compute(this.#layers.slice(LOW_END), low, context) };
  }

  #compute(layers: readonly Layer[], x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const compute = (input: tf.Tensor4D, inner: Context) =>
      layers.reduce((value, layer) => layer.forward(value, inner), input);
    return computeStage({ modules: layers, compute }, x, context);
  }
}

/** Logits of the low feature map and of the high one, whose channels are scaled by shares from their means. */
class LRASPPHead extends Module {
  readonly outputs: readonly Conv2d[];
  readonly #convolution: Sequential;
  readonly #scale: Sequential;
  readonly #low: Conv2d;
  readonly #high: Conv2d;

  constructor(classes: number) {
    super();
    const high = { inChannels: mobilenetV3Channels.at(-1)!, outChannels: INNER_CHANNELS, kernelSize: 1 };
    const norm = new BatchNorm2d(INNER_CHANNELS);
    this.#convolution = this.register(
      'cbr',
      new Sequential([new Conv2d({ ...high, bias: false }), norm, new Relu()]),
    );
    this.#scale = this.register(
      'scale',
      new Sequential([new GlobalAveragePool2d(), new Conv2d({ ...high, bias: false }), new Sigmoid()]),
    );
    const lowChannels = mobilenetV3Channels[LOW_END - 1]!;
    const low = new Conv2d({ inChannels: lowChannels, outChannels: classes, kernelSize: 1 });
    this.#low = this.register('low_classifier', low);
    const output = new Conv2d({ inChannels: INNER_CHANNELS, outChannels: classes, kernelSize: 1 });
    this.#high = this.register('high_classifier', output);
    // The logits of the low map are added to these.
    this.outputs = [this.#high];
  }

  /** @returns Logits of the low map's size. */
  forward({ low, high }: Features, context: Context): tf.Tensor4D {
    const scaled = tf.mul<tf.Tensor4D>(
      this.#convolution.forward(high, context),
      this.#scale.forward(high, context),
    );
    const enlarged = interpolate(scaled, [low.shape[1], low.shape[2]], 'bilinear');
    return tf.add(this.#low.forward(low, context), this.#high.forward(enlarged, context));
  }
}
