import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../../core/errors.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import type { Conv2d } from '../../nn/conv2d.ts';
import { convNormActivation } from '../../nn/convNormActivation.ts';
import { interpolate, interpolateAligned } from '../../nn/interpolate.ts';
import type { Interpolation } from '../../nn/interpolate.ts';
import { Layer, Module } from '../../nn/module.ts';
import { GlobalAveragePool2d, MaxPool2d } from '../../nn/pooling.ts';
import { Sequential } from '../../nn/sequential.ts';
import { decoderConvolution } from './convolutions.ts';
import { Decoder } from './decoder.ts';
import type { Pyramid } from './decoder.ts';
import type { DecoderConfig } from './options.ts';

/** The attention on the deepest feature halves it three times. */
const HALVINGS = 8;

/** segmentation-models-pytorch's `PANDecoder` (Li et al. 2018, https://arxiv.org/abs/1805.10180). */
export class PANDecoder extends Decoder {
  override readonly outChannels: number;
  override readonly sizeMultiple: number;
  readonly #fpa: FPABlock;
  /** Deepest first. */
  readonly #gaus: readonly GAUBlock[];
  readonly #smallestSide: number;

  constructor({ outChannels, outputStride }: Pyramid, { channels, interpolation }: DecoderConfig<'pan'>) {
    super();
    const [deepest, ...shallower] = outChannels.slice(2).reverse() as [number, ...number[]];
    this.#fpa = this.register('fpa', new FPABlock(deepest, channels));
    this.#gaus = shallower.map((count, index) =>
      this.register(`gau${shallower.length - index}`, new GAUBlock(count, channels, interpolation)),
    );
    this.outChannels = channels;
    this.sizeMultiple = outputStride;
    this.#smallestSide = outputStride * HALVINGS;
  }

  /** @throws PhalanxError `model/input-shape` when the deepest feature is too small to be halved three times. */
  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    const [, height, width] = features[0]!.shape;
    if (Math.min(height, width) < this.#smallestSide) {
      throw new PhalanxError('model/input-shape', {
        what: 'The image is too small for its decoder',
        expected: `at least ${this.#smallestSide}×${this.#smallestSide} pixels`,
        received: `${height}×${width}`,
        fix: 'Use larger images, a smaller depth of the encoder or a smaller encoderOutputStride',
      });
    }
    const [deepest, ...shallower] = features.slice(2).reverse() as [tf.Tensor4D, ...tf.Tensor4D[]];
    return shallower.reduce(
      (x, feature, index) => this.#gaus[index]!.forward(feature, x, context),
      this.#fpa.forward(deepest, context),
    );
  }
}

/** segmentation-models-pytorch's `ConvBnRelu`. */
class ConvBnReLU extends Layer {
  readonly #layers: readonly [Conv2d, BatchNorm2d];
  readonly #activation: 'relu' | 'none';

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: 1 | 3 | 5 | 7,
    activation: 'relu' | 'none' = 'relu',
  ) {
    super();
    this.#layers = [
      this.register('conv', decoderConvolution(inChannels, outChannels, { kernelSize, bias: true })),
      this.register('bn', new BatchNorm2d(outChannels)),
    ];
    this.#activation = activation;
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return convNormActivation(x, this.#layers, { activation: this.#activation }, context);
  }
}

/** Feature pyramid attention: every pixel weighed by what lies around it, plus the mean of the image. */
class FPABlock extends Layer {
  readonly #mean: Sequential;
  readonly #mid: Sequential;
  readonly #down: readonly [Sequential, Sequential, Sequential];
  readonly #conv1: ConvBnReLU;
  readonly #conv2: ConvBnReLU;

  constructor(inChannels: number, outChannels: number) {
    super();
    const pool = () => new MaxPool2d({ kernelSize: 2, stride: 2 });
    this.#mean = this.register(
      'branch1',
      new Sequential([new GlobalAveragePool2d(), new ConvBnReLU(inChannels, outChannels, 1)]),
    );
    this.#mid = this.register('mid', new Sequential([new ConvBnReLU(inChannels, outChannels, 1)]));
    this.#down = [
      this.register('down1', new Sequential([pool(), new ConvBnReLU(inChannels, 1, 7)])),
      this.register('down2', new Sequential([pool(), new ConvBnReLU(1, 1, 5)])),
      this.register('down3', new Sequential([pool(), new ConvBnReLU(1, 1, 3), new ConvBnReLU(1, 1, 3)])),
    ];
    this.#conv2 = this.register('conv2', new ConvBnReLU(1, 1, 5));
    this.#conv1 = this.register('conv1', new ConvBnReLU(1, 1, 7));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const like = (map: tf.Tensor4D, { shape }: tf.Tensor4D) => interpolateAligned(map, [shape[1], shape[2]]);
    const [down1, down2, down3] = this.#down;
    const half = down1.forward(x, context);
    const quarter = down2.forward(half, context);
    const eighth = down3.forward(quarter, context);
    let y = tf.add<tf.Tensor4D>(this.#conv2.forward(quarter, context), like(eighth, quarter));
    y = tf.add(like(y, half), this.#conv1.forward(half, context));
    const weighed = tf.mul<tf.Tensor4D>(like(y, x), this.#mid.forward(x, context));
    return tf.add(weighed, this.#mean.forward(x, context));
  }
}

/** Global attention upsample: the encoder's feature, its channels weighed by the mean of the deeper map, plus that map. */
class GAUBlock extends Module {
  readonly #attention: ConvBnReLU;
  readonly #conv2: ConvBnReLU;
  readonly #interpolation: Interpolation;

  constructor(inChannels: number, outChannels: number, interpolation: Interpolation) {
    super();
    this.#attention = new ConvBnReLU(outChannels, outChannels, 1, 'none');
    this.register('conv1', new Sequential([new GlobalAveragePool2d(), this.#attention]));
    this.#conv2 = this.register('conv2', new ConvBnReLU(inChannels, outChannels, 3));
    this.#interpolation = interpolation;
  }

  forward(x: tf.Tensor4D, y: tf.Tensor4D, context: Context): tf.Tensor4D {
    const size = [x.shape[1], x.shape[2]] as const;
    const enlarged =
      this.#interpolation === 'bilinear' ? interpolateAligned(y, size) : interpolate(y, size, 'nearest');
    const mean = tf.mean<tf.Tensor4D>(y, [1, 2], true);
    const weights = tf.sigmoid(this.#attention.forward(mean, context));
    return tf.add(enlarged, tf.mul(this.#conv2.forward(x, context), weights));
  }
}
