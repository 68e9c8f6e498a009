import * as tf from '@tensorflow/tfjs-core';
import { Relu } from '../../nn/activations.ts';
import type { Context } from '../../nn/context.ts';
import type { Conv2d } from '../../nn/conv2d.ts';
import { Dropout2d } from '../../nn/dropout.ts';
import { GroupNorm } from '../../nn/groupNorm.ts';
import { interpolate, interpolateAligned } from '../../nn/interpolate.ts';
import type { Interpolation } from '../../nn/interpolate.ts';
import { Layer, Module } from '../../nn/module.ts';
import { moduleList } from '../../nn/moduleDict.ts';
import { Sequential } from '../../nn/sequential.ts';
import { FPN_GROUPS } from '../modelSchema.ts';
import { decoderConvolution } from './convolutions.ts';
import { SupervisedDecoder } from './decoder.ts';
import type { Pyramid } from './decoder.ts';
import type { DecoderConfig } from './options.ts';

/**
 * segmentation-models-pytorch's `FPNDecoder` (Lin et al. 2017, https://arxiv.org/abs/1612.03144; the segmentation
 * branches as Kirillov et al. 2019, https://arxiv.org/abs/1901.02446), on the four deepest features. Deep supervision has
 * its heads on the levels of the pyramid, the deepest first.
 */
export class FPNDecoder extends SupervisedDecoder {
  override readonly outChannels: number;
  override readonly sizeMultiple: number;
  override readonly head = { kernelSize: 1 } as const;
  override readonly sideChannels: readonly number[];
  readonly #p5: Conv2d;
  readonly #lateral: readonly FPNBlock[];
  readonly #branches: readonly Layer[];
  readonly #mergePolicy: 'add' | 'cat';
  readonly #dropout: Dropout2d;

  constructor({ outChannels, outputStride }: Pyramid, options: DecoderConfig<'fpn'>) {
    super();
    const { pyramidChannels, segmentationChannels, mergePolicy, dropout, interpolation } = options;
    const [deepest, ...shallower] = outChannels.slice(-4).reverse() as [number, ...number[]];
    const pointwise = { kernelSize: 1, bias: true } as const;
    this.#p5 = this.register('p5', decoderConvolution(deepest, pyramidChannels, pointwise));
    this.#lateral = shallower.map((channels, index) =>
      this.register(`p${4 - index}`, new FPNBlock(pyramidChannels, channels, interpolation)),
    );
    this.#branches = [3, 2, 1, 0].map((upsamples) =>
      segmentationBlock(pyramidChannels, segmentationChannels, upsamples),
    );
    this.register('seg_blocks', moduleList(this.#branches));
    this.#mergePolicy = mergePolicy;
    this.#dropout = this.register('dropout', new Dropout2d(dropout, 'decoder.dropout'));
    this.outChannels = mergePolicy === 'add' ? segmentationChannels : segmentationChannels * 4;
    this.sideChannels = this.#branches.map(() => pyramidChannels);
    this.sizeMultiple = outputStride;
  }

  override forwardAll(features: readonly tf.Tensor4D[], context: Context): readonly tf.Tensor4D[] {
    const [deepest, ...shallower] = features.slice(-4).reverse() as [tf.Tensor4D, ...tf.Tensor4D[]];
    const pyramid = [this.#p5.forward(deepest, context)];
    for (const [index, feature] of shallower.entries()) {
      pyramid.push(this.#lateral[index]!.forward(pyramid.at(-1)!, feature, context));
    }
    const maps = pyramid.map((level, index) => this.#branches[index]!.forward(level, context));
    const merged = this.#mergePolicy === 'add' ? tf.addN<tf.Tensor4D>(maps) : tf.concat(maps, 3);
    return [...pyramid, this.#dropout.forward(merged, context)];
  }
}

/** The deeper level, enlarged, plus what a pointwise convolution makes of the encoder's feature. */
class FPNBlock extends Module {
  readonly #skipConv: Conv2d;
  readonly #interpolation: Interpolation;

  constructor(pyramidChannels: number, skipChannels: number, interpolation: Interpolation) {
    super();
    const pointwise = { kernelSize: 1, bias: true } as const;
    this.#skipConv = this.register('skip_conv', decoderConvolution(skipChannels, pyramidChannels, pointwise));
    this.#interpolation = interpolation;
  }

  forward(x: tf.Tensor4D, skip: tf.Tensor4D, context: Context): tf.Tensor4D {
    const enlarged = interpolate(x, [skip.shape[1], skip.shape[2]], this.#interpolation);
    return tf.add(enlarged, this.#skipConv.forward(skip, context));
  }
}

/** segmentation-models-pytorch's `SegmentationBlock`, which puts one more name into the path. */
function segmentationBlock(inChannels: number, outChannels: number, upsamples: number): Layer {
  const count = Math.max(1, upsamples);
  const blocks = Array.from(
    { length: count },
    (_, index) => new ConvGroupNormReLU(index === 0 ? inChannels : outChannels, outChannels, upsamples > 0),
  );
  return new Named('block', new Sequential(blocks));
}

class Named extends Layer {
  readonly #layer: Layer;

  constructor(name: string, layer: Layer) {
    super();
    this.#layer = this.register(name, layer);
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.#layer.forward(x, context);
  }
}

class ConvGroupNormReLU extends Layer {
  readonly #block: Layer;
  readonly #upsamples: boolean;

  constructor(inChannels: number, outChannels: number, upsamples: boolean) {
    super();
    this.#block = this.register(
      'block',
      new Sequential([
        decoderConvolution(inChannels, outChannels, { kernelSize: 3, bias: false }),
        new GroupNorm({ groups: FPN_GROUPS, channels: outChannels }),
        new Relu(),
      ]),
    );
    this.#upsamples = upsamples;
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const y = this.#block.forward(x, context);
    return this.#upsamples ? interpolateAligned(y, [y.shape[1] * 2, y.shape[2] * 2]) : y;
  }
}
