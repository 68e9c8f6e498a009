import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../nn/context.ts';
import type { Conv2d } from '../nn/conv2d.ts';
import { interpolateAligned } from '../nn/interpolate.ts';
import type { Sequential } from '../nn/sequential.ts';
import type { Decoder } from './decoders/decoder.ts';
import type { Encoder } from './encoders/encoder.ts';
import type { AuxParams } from './decoders/options.ts';
import { classificationHead, segmentationHead } from './heads.ts';
import { SegmentationModel } from './segmentationModel.ts';
import type { SegmentationOutput } from './segmentationModel.ts';

/**
 * segmentation-models-pytorch's `SegmentationModel`: `encoder`, `decoder`, `segmentation_head`, which enlarges its logits
 * to the size of the image, and where there is one the `classification_head` on the deepest feature.
 */
export class EncoderDecoder extends SegmentationModel {
  override readonly inChannels: number;
  override readonly classes: number;
  override readonly sizeMultiple: number;
  override readonly outputs: readonly Conv2d[];
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly #head: Sequential;
  readonly #classifier: Sequential | undefined;

  constructor(encoder: Encoder, decoder: Decoder, classes: number, auxParams?: AuxParams) {
    super();
    this.inChannels = encoder.inChannels;
    this.classes = classes;
    this.sizeMultiple = decoder.sizeMultiple;
    this.encoder = this.register('encoder', encoder);
    this.decoder = this.register('decoder', decoder);
    const { layers, output } = segmentationHead(decoder.outChannels, classes, decoder.head);
    this.#head = this.register('segmentation_head', layers);
    this.#classifier =
      auxParams &&
      this.register(
        'classification_head',
        classificationHead(encoder.outChannels.at(-1)!, auxParams, decoder.head),
      );
    this.outputs = [output];
  }

  protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
    const features = this.encoder.forward(x, context);
    const map = this.#head.forward(this.decoder.forward(features, context), context);
    const logits = interpolateAligned(map, [x.shape[1], x.shape[2]]);
    if (this.#classifier === undefined) return { logits };
    const labels = this.#classifier.forward(features.at(-1)!, context);
    return { logits, labels: tf.reshape(labels, [x.shape[0], labels.shape[3]]) };
  }
}
