import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../nn/context.ts';
import type { Conv2d } from '../nn/conv2d.ts';
import { interpolate } from '../nn/interpolate.ts';
import { ModuleDict } from '../nn/moduleDict.ts';
import type { Sequential } from '../nn/sequential.ts';
import { SupervisedDecoder } from './decoders/decoder.ts';
import type { Decoder } from './decoders/decoder.ts';
import type { Encoder } from './encoders/encoder.ts';
import { segmentationHead } from './heads.ts';
import { SegmentationModel } from './segmentationModel.ts';
import type { SegmentationOutput } from './segmentationModel.ts';

/**
 * segmentation-models-pytorch's `SegmentationModel`: `encoder`, `decoder`, `segmentation_head`. Where a decoder ends at a
 * lower resolution than the image's, the logits are enlarged bilinearly.
 *
 * With deep supervision (Lee et al. 2015, https://arxiv.org/abs/1409.5185), `deep_supervision_heads` turn the feature maps
 * on the decoder's way into logits as well while training.
 */
export class EncoderDecoder extends SegmentationModel {
  override readonly inChannels: number;
  override readonly classes: number;
  override readonly sizeMultiple: number;
  override readonly outputs: readonly Conv2d[];
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  override readonly auxiliaryWeights: readonly number[] | undefined;
  readonly #head: Sequential;
  readonly #sideHeads: readonly Sequential[];

  /** @param sideWeights Of the loss of each of a supervised decoder's feature maps; without them it has no side heads. */
  constructor(encoder: Encoder, decoder: Decoder, classes: number, sideWeights?: readonly number[]) {
    super();
    this.inChannels = encoder.outChannels[0]!;
    this.classes = classes;
    this.sizeMultiple = decoder.sizeMultiple;
    this.encoder = this.register('encoder', encoder);
    this.decoder = this.register('decoder', decoder);
    const { layers, output } = segmentationHead(decoder.outChannels, classes);
    this.#head = this.register('segmentation_head', layers);
    const sideChannels =
      sideWeights !== undefined && decoder instanceof SupervisedDecoder ? decoder.sideChannels : [];
    const sides = sideChannels.map((channels) => segmentationHead(channels, classes));
    this.#sideHeads = sides.map((side) => side.layers);
    if (sides.length > 0) {
      const named = this.#sideHeads.map((head, index) => [String(index), head] as const);
      this.register('deep_supervision_heads', new ModuleDict(named));
    }
    this.auxiliaryWeights = sideWeights;
    this.outputs = [output, ...sides.map((side) => side.output)];
  }

  protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
    const features = this.encoder.forward(x, context);
    const enlarge = (logits: tf.Tensor4D) => interpolate(logits, [x.shape[1], x.shape[2]], 'bilinear');
    const logits = (head: Sequential, map: tf.Tensor4D) => enlarge(head.forward(map, context));
    if (this.#sideHeads.length === 0 || !context.training || !(this.decoder instanceof SupervisedDecoder)) {
      return { logits: logits(this.#head, this.decoder.forward(features, context)) };
    }
    const maps = this.decoder.forwardAll(features, context);
    return {
      logits: logits(this.#head, maps.at(-1)!),
      auxiliary: this.#sideHeads.map((head, index) => logits(head, maps[index]!)),
    };
  }
}
