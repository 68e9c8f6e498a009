import * as tf from '@tensorflow/tfjs-core';
import { LeakyRelu } from '../../nn/activations.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { ConvTranspose2d } from '../../nn/convTranspose2d.ts';
import { kaimingNormalFanOut, normalBelowZero } from '../../nn/initializers.ts';
import { interpolate } from '../../nn/interpolate.ts';
import { Layer, Module } from '../../nn/module.ts';
import { ModuleDict, moduleList } from '../../nn/moduleDict.ts';
import { AveragePool2d } from '../../nn/pooling.ts';
import { Sequential } from '../../nn/sequential.ts';
import type { DecoderConfig } from '../decoders/options.ts';
import { SegmentationModel } from '../segmentationModel.ts';
import type { SegmentationOutput } from '../segmentationModel.ts';
import { cropTo, unpaddedSides } from './unpadded.ts';

export type LunaUnetOptions = Omit<DecoderConfig<'luna-unet'>, 'name'>;

/**
 * The U-Net for nodules of LUNA16 from "Deep Learning with PyTorch" (Stevens, Antiga, Viehmann 2020, chapter 13;
 * https://github.com/deep-learning-with-pytorch/dlwpt-code): batch normalization of the input, then
 * https://github.com/jvanvugt/pytorch-unet, whose options it has, with leaky ReLUs and average pooling. The sigmoid at
 * its end is left to the loss.
 */
export class LunaUnet extends SegmentationModel {
  override readonly inChannels: number;
  override readonly classes: number;
  override readonly sizeMultiple: number;
  override readonly margin: number;
  override readonly outputs: readonly Conv2d[];
  readonly #smallestSide: number;
  readonly #inputNorm: BatchNorm2d;
  readonly #network: Network;

  constructor(inChannels: number, classes: number, options: LunaUnetOptions) {
    super();
    const { depth, padding } = options;
    this.inChannels = inChannels;
    this.classes = classes;
    this.sizeMultiple = 2 ** (depth - 1);
    const unpadded = unpaddedSides(depth);
    this.margin = padding ? 0 : unpadded.margin;
    this.#smallestSide = padding ? this.sizeMultiple : unpadded.smallestSide;
    this.#inputNorm = this.register('input_batchnorm', new BatchNorm2d(inChannels));
    this.#network = this.register('unet', new Network(inChannels, classes, options));
    this.outputs = [this.#network.last];
  }

  override get smallestSide(): number {
    return this.#smallestSide;
  }

  protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
    return { logits: this.#network.forward(this.#inputNorm.forward(x, context), context) };
  }
}

/** The original's `UNet`. */
class Network extends Layer {
  readonly last: Conv2d;
  readonly #pool = new AveragePool2d({ kernelSize: 2, stride: 2 });
  readonly #down: readonly Block[];
  readonly #up: readonly UpBlock[];

  constructor(inChannels: number, classes: number, options: LunaUnetOptions) {
    super();
    const widths = Array.from({ length: options.depth }, (_, level) => 2 ** (options.wf + level));
    this.#down = widths.map((width, level) => new Block(widths[level - 1] ?? inChannels, width, options));
    this.#up = widths
      .slice(0, -1)
      .map((width, level) => new UpBlock(widths[level + 1]!, width, options))
      .reverse();
    this.register('down_path', moduleList(this.#down));
    this.register('up_path', moduleList(this.#up));
    this.last = this.register('last', convolution(widths[0]!, classes, 1));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const skips: tf.Tensor4D[] = [];
    const bottom = this.#down.reduce((y, block, level) => {
      if (level === 0) return block.forward(y, context);
      skips.push(y);
      return block.forward(this.#pool.forward(y, context), context);
    }, x);
    const top = this.#up.reduce((y, block) => block.join(y, skips.pop()!, context), bottom);
    return this.last.forward(top, context);
  }
}

/** The original's `UNetConvBlock`. */
class Block extends Layer {
  readonly #layers: Sequential;

  constructor(inChannels: number, outChannels: number, { padding, batchNorm }: LunaUnetOptions) {
    super();
    const normalized = (from: number) => [
      convolution(from, outChannels, 3, padding ? 1 : 0),
      new LeakyRelu(),
      ...(batchNorm ? [new BatchNorm2d(outChannels)] : []),
    ];
    this.#layers = this.register(
      'block',
      new Sequential([...normalized(inChannels), ...normalized(outChannels)]),
    );
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.#layers.forward(x, context);
  }
}

/** The original's `UNetUpBlock`. */
class UpBlock extends Module {
  readonly #enlarge: (x: tf.Tensor4D, context: Context) => tf.Tensor4D;
  readonly #block: Block;

  constructor(inChannels: number, outChannels: number, options: LunaUnetOptions) {
    super();
    if (options.upMode === 'upconv') {
      const up = this.register('up', upConvolution(inChannels, outChannels));
      this.#enlarge = (x, context) => up.forward(x, context);
    } else {
      const narrow = convolution(inChannels, outChannels, 1);
      // In the original, layer 0 enlarges.
      this.register('up', new ModuleDict([['1', narrow]]));
      this.#enlarge = (x, context) =>
        narrow.forward(interpolate(x, [x.shape[1] * 2, x.shape[2] * 2], 'bilinear'), context);
    }
    this.#block = this.register('conv_block', new Block(inChannels, outChannels, options));
  }

  join(x: tf.Tensor4D, skip: tf.Tensor4D, context: Context): tf.Tensor4D {
    const raised = this.#enlarge(x, context);
    return this.#block.forward(tf.concat([raised, cropTo(skip, raised)], 3), context);
  }
}

/** With the book's `_init_weights`. */
function convolution(inChannels: number, outChannels: number, kernelSize: 1 | 3, padding = 0): Conv2d {
  return new Conv2d({
    inChannels,
    outChannels,
    kernelSize,
    padding,
    kernelInitializer: kaimingNormalFanOut,
    biasInitializer: normalBelowZero([kernelSize, kernelSize, inChannels, outChannels]),
  });
}

/** With the book's `_init_weights`. */
function upConvolution(inChannels: number, outChannels: number): ConvTranspose2d {
  return new ConvTranspose2d({
    inChannels,
    outChannels,
    kernelSize: 2,
    stride: 2,
    kernelInitializer: kaimingNormalFanOut,
    biasInitializer: normalBelowZero([2, 2, outChannels, inChannels]),
  });
}
