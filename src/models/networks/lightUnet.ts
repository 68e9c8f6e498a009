import type * as tf from '@tensorflow/tfjs-core';
import { upsampleConcat } from '../../engine/ops/upsampleConcat.ts';
import { Relu } from '../../nn/activations.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import type { Context } from '../../nn/context.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { moduleList } from '../../nn/moduleDict.ts';
import { MaxPool2d } from '../../nn/pooling.ts';
import { Sequential } from '../../nn/sequential.ts';
import type { DecoderConfig } from '../decoders/options.ts';
import { SegmentationModel } from '../segmentationModel.ts';
import type { SegmentationOutput } from '../segmentationModel.ts';

/**
 * A U-Net of depthwise separable convolutions as MobileNet's (Howard et al. 2017, https://arxiv.org/abs/1704.04861):
 * each 3×3 convolution is one per channel and one of 1×1, each with batch normalization and ReLU; enlarged by nearest
 * neighbour. With equal channels it has a ninth of the weights of the padded U-Net's 3×3 convolutions. A design of this
 * project.
 */
export class LightUnet extends SegmentationModel {
  override readonly inChannels: number;
  override readonly classes: number;
  override readonly sizeMultiple = 1;
  readonly #smallestSide: number;
  override readonly outputs: readonly Conv2d[];
  readonly #pool = new MaxPool2d({ kernelSize: 2, stride: 2 });
  readonly #down: readonly Sequential[];
  /** Deepest first. */
  readonly #up: readonly Sequential[];
  readonly #output: Conv2d;

  constructor(inChannels: number, classes: number, { channels }: Omit<DecoderConfig<'light-unet'>, 'name'>) {
    super();
    this.inChannels = inChannels;
    this.classes = classes;
    this.#smallestSide = 2 ** (channels.length - 1);
    this.#down = channels.map((width, level) => separableBlock(channels[level - 1] ?? inChannels, width));
    this.#up = channels
      .slice(0, -1)
      .map((width, level) => separableBlock(channels[level + 1]! + width, width))
      .reverse();
    this.register('down', moduleList(this.#down));
    this.register('up', moduleList(this.#up));
    this.#output = this.register(
      'output',
      new Conv2d({ inChannels: channels[0]!, outChannels: classes, kernelSize: 1 }),
    );
    this.outputs = [this.#output];
  }

  override get smallestSide(): number {
    return this.#smallestSide;
  }

  protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
    const skips: tf.Tensor4D[] = [];
    const bottom = this.#down.reduce((y, block, level) => {
      if (level === 0) return block.forward(y, context);
      skips.push(y);
      return block.forward(this.#pool.forward(y, context), context);
    }, x);
    const top = this.#up.reduce((y, block) => {
      const skip = skips.pop()!;
      return block.forward(upsampleConcat(y, [skip.shape[1], skip.shape[2]], [skip]), context);
    }, bottom);
    return { logits: this.#output.forward(top, context) };
  }
}

/** Two depthwise separable convolutions. */
function separableBlock(inChannels: number, outChannels: number): Sequential {
  return new Sequential([...separable(inChannels, outChannels), ...separable(outChannels, outChannels)]);
}

function separable(inChannels: number, outChannels: number) {
  return [
    new Conv2d({
      inChannels,
      outChannels: inChannels,
      kernelSize: 3,
      padding: 1,
      groups: inChannels,
      bias: false,
    }),
    new BatchNorm2d(inChannels),
    new Relu(),
    new Conv2d({ inChannels, outChannels, kernelSize: 1, bias: false }),
    new BatchNorm2d(outChannels),
    new Relu(),
  ];
}
