import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../nn/context.ts';
import type { Conv2d } from '../nn/conv2d.ts';
import { interpolate, interpolateAligned } from '../nn/interpolate.ts';
import { moduleList } from '../nn/moduleDict.ts';
import type { Sequential } from '../nn/sequential.ts';
import { SupervisedDecoder } from './decoders/decoder.ts';
import type { AuxiliaryTarget, Decoder } from './decoders/decoder.ts';
import type { Encoder } from './encoders/encoder.ts';
import type { AuxParams } from './decoders/options.ts';
import { classificationHead, segmentationHead } from './heads.ts';
import { SegmentationModel } from './segmentationModel.ts';
import type { SegmentationOutput } from './segmentationModel.ts';

/** Heads beside the one that segments. */
export interface FurtherHeads {
  readonly auxParams?: AuxParams | undefined;
  /** Of the loss of each of a supervised decoder's feature maps; without them it has no side heads. */
  readonly sideWeights?: readonly number[] | undefined;
}

/**
 * segmentation-models-pytorch's `SegmentationModel`: `encoder`, `decoder`, `segmentation_head`, which enlarges its logits
 * to the size of the image, and where there is one the `classification_head` on the deepest feature.
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
  override readonly auxiliaryTarget: AuxiliaryTarget;
  readonly #head: Sequential;
  readonly #sideHeads: readonly Sequential[];
  readonly #classifier: Sequential | undefined;

  constructor(
    encoder: Encoder,
    decoder: Decoder,
    classes: number,
    { auxParams, sideWeights }: FurtherHeads = {},
  ) {
    super();
    this.inChannels = encoder.inChannels;
    this.classes = classes;
    this.sizeMultiple = decoder.sizeMultiple;
    this.encoder = this.register('encoder', encoder);
    this.decoder = this.register('decoder', decoder);
    const { layers, output } = segmentationHead(decoder.outChannels, classes, decoder.head);
    this.#head = this.register('segmentation_head', layers);
    const sideChannels =
      sideWeights !== undefined && decoder instanceof SupervisedDecoder ? decoder.sideChannels : [];
    const sides = sideChannels.map((channels) => segmentationHead(channels, classes));
    this.#sideHeads = sides.map((side) => side.layers);
    if (sides.length > 0) {
      this.register('deep_supervision_heads', moduleList(this.#sideHeads));
    }
    this.auxiliaryWeights = sideWeights;
    this.auxiliaryTarget = decoder instanceof SupervisedDecoder ? decoder.sideTarget : 'labels';
    this.#classifier =
      auxParams &&
      this.register(
        'classification_head',
        classificationHead(encoder.outChannels.at(-1)!, auxParams, decoder.head),
      );
    this.outputs = [output, ...sides.map((side) => side.output)];
  }

  protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
    const features = this.encoder.forward(x, context);
    const size = [x.shape[1], x.shape[2]] as const;
    const maps = this.#maps(features, context);
    const map = this.#head.forward(maps.at(-1)!, context);
    const aligned = this.decoder.head.alignCorners !== false;
    const logits = aligned ? interpolateAligned(map, size) : interpolate(map, size, 'bilinear');
    const sides = maps
      .slice(0, -1)
      .map((side, index) => interpolate(this.#sideHeads[index]!.forward(side, context), size, 'bilinear'));
    const labels = this.#classifier?.forward(features.at(-1)!, context);
    return {
      logits,
      ...(sides.length > 0 && { auxiliary: sides }),
      ...(labels !== undefined && { labels: tf.reshape(labels, [x.shape[0], labels.shape[3]]) }),
    };
  }

  /** What the decoder makes of features; with side heads while training, all that they stand on before the last. */
  #maps(features: readonly tf.Tensor4D[], context: Context): readonly tf.Tensor4D[] {
    const { decoder } = this;
    const supervised = this.#sideHeads.length > 0 && context.training;
    return supervised && decoder instanceof SupervisedDecoder
      ? decoder.forwardAll(features, context)
      : [decoder.forward(features, context)];
  }
}
