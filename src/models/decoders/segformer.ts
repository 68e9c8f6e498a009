import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../nn/context.ts';
import { xavierUniform, zeros } from '../../nn/initializers.ts';
import { interpolate } from '../../nn/interpolate.ts';
import { Linear } from '../../nn/linear.ts';
import { Layer } from '../../nn/module.ts';
import { moduleList } from '../../nn/moduleDict.ts';
import type { Sequential } from '../../nn/sequential.ts';
import { convReLU } from './convolutions.ts';
import { Decoder } from './decoder.ts';
import type { Pyramid } from './decoder.ts';
import type { DecoderConfig } from './options.ts';

/** segmentation-models-pytorch's `SegformerDecoder` (Xie et al. 2021, https://arxiv.org/abs/2105.15203), on every feature. */
export class SegformerDecoder extends Decoder {
  override readonly outChannels: number;
  override readonly sizeMultiple: number;
  override readonly head = { kernelSize: 1 } as const;
  readonly #stages: readonly SegformerStage[];
  readonly #fuse: Sequential;

  constructor({ outChannels, outputStride }: Pyramid, options: DecoderConfig<'segformer'>) {
    super();
    const { segmentationChannels } = options;
    // Some encoders have no feature at half the image's resolution.
    const channels = outChannels
      .slice(1)
      .filter((count) => count > 0)
      .reverse();
    this.#stages = channels.map((count) => new SegformerStage(count, segmentationChannels));
    this.register('mlp_stage', moduleList(this.#stages));
    const joined = channels.length * segmentationChannels;
    this.#fuse = this.register(
      'fuse_stage',
      convReLU(joined, segmentationChannels, { kernelSize: 1, useNorm: 'batchnorm' }),
    );
    this.outChannels = segmentationChannels;
    this.sizeMultiple = outputStride;
  }

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    const [, height, width] = features[0]!.shape;
    const size = [height / 4, width / 4] as const;
    const deepestFirst = features
      .slice(1)
      .filter(({ shape }) => shape[3] > 0)
      .reverse();
    const maps = this.#stages.map((stage, index) =>
      interpolate(stage.forward(deepestFirst[index]!, context), size, 'bilinear'),
    );
    return this.#fuse.forward(tf.concat(maps, 3), context);
  }
}

class SegformerStage extends Layer {
  readonly #linear: Linear;

  constructor(inChannels: number, outChannels: number) {
    super();
    const initializers = { kernelInitializer: xavierUniform, biasInitializer: zeros };
    this.#linear = this.register('linear', new Linear({ inChannels, outChannels, ...initializers }));
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.#linear.forward(x, context);
  }
}
