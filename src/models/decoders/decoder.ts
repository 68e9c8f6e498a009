import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../nn/context.ts';
import { Module } from '../../nn/module.ts';
import type { Encoder } from '../encoders/encoder.ts';
import type { HeadOptions } from '../heads.ts';

/** What logits of auxiliary heads are compared with: the labels, or their boundaries. */
export type AuxiliaryTarget = 'labels' | 'boundaries';

/** What a decoder knows of the encoder that it stands on. */
export type Pyramid = Pick<Encoder, 'outChannels' | 'outputStride'>;

/** A network that turns an encoder's features into one feature map. */
export abstract class Decoder extends Module {
  abstract readonly outChannels: number;
  /** Both sides of the image must be multiples of this. */
  abstract readonly sizeMultiple: number;
  /** What makes logits of its feature map. */
  readonly head: HeadOptions = { kernelSize: 3 };

  /** Feature maps from the image to the deepest, as an encoder returns them, to `[N, h, w, outChannels]`. */
  abstract forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D;
}

/** A decoder whose way to the result leads over feature maps that deep supervision can put heads on. */
export abstract class SupervisedDecoder extends Decoder {
  /** Channels of what `forwardAll` returns before the result. */
  abstract readonly sideChannels: readonly number[];
  /** What the logits of those are compared with. */
  readonly sideTarget: AuxiliaryTarget = 'labels';

  /** As `forward`, with the feature maps on the way, the result last. */
  abstract forwardAll(features: readonly tf.Tensor4D[], context: Context): readonly tf.Tensor4D[];

  override forward(features: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
    return this.forwardAll(features, context).at(-1)!;
  }
}
