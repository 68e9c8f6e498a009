import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../nn/context.ts';
import type { Conv2d } from '../nn/conv2d.ts';
import type { Sequential } from '../nn/sequential.ts';
import type { Decoder } from './decoders/decoder.ts';
import type { Encoder } from './encoders/encoder.ts';
import { segmentationHead } from './heads.ts';
import { SegmentationModel } from './segmentationModel.ts';
import type { SegmentationOutput } from './segmentationModel.ts';

/** segmentation-models-pytorch's `SegmentationModel`: `encoder`, `decoder`, `segmentation_head`. */
export class EncoderDecoder extends SegmentationModel {
  override readonly inChannels: number;
  override readonly classes: number;
  override readonly sizeMultiple: number;
  override readonly outputs: readonly Conv2d[];
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly #head: Sequential;

  constructor(encoder: Encoder, decoder: Decoder, classes: number) {
    super();
    this.inChannels = encoder.inChannels;
    this.classes = classes;
    this.sizeMultiple = decoder.sizeMultiple;
    this.encoder = this.register('encoder', encoder);
    this.decoder = this.register('decoder', decoder);
    const { layers, output } = segmentationHead(decoder.outChannels, classes);
    this.#head = this.register('segmentation_head', layers);
    this.outputs = [output];
  }

  protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
    const features = this.encoder.forward(x, context);
    return { logits: this.#head.forward(this.decoder.forward(features, context), context) };
  }
}
