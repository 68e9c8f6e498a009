import type * as tf from '@tensorflow/tfjs-core';
import type { Conv2d } from '../nn/conv2d.ts';
import type { AuxiliaryTarget } from './decoders/decoder.ts';
import { DenseModel } from './denseModel.ts';

// A type, not an interface, so that it is a tfjs tensor container.
export type SegmentationOutput = {
  /** `[N, H, W, classes]` at the size of the input, less the model's margin on every side. */
  readonly logits: tf.Tensor4D;
  /** Logits of auxiliary heads, each of the same shape; only while training, and only of models that have them. */
  readonly auxiliary?: tf.Tensor4D[];
  /** `[N, labels]`: logits of the image as a whole, of models with `auxParams`; no loss of the trainer uses them. */
  readonly labels?: tf.Tensor2D;
};

/** A network on images `[N, H, W, inChannels]` that gives every pixel one logit per class. */
export abstract class SegmentationModel extends DenseModel<tf.Tensor4D, SegmentationOutput> {
  protected override readonly subject = { one: 'image', many: 'images', sides: 'height and width' };
  /** Factor of each auxiliary output's loss, in their order; where undefined, it is for the trainer to say. */
  readonly auxiliaryWeights: readonly number[] | undefined = undefined;
  /** What the auxiliary outputs are compared with. */
  readonly auxiliaryTarget: AuxiliaryTarget = 'labels';
  /** The convolutions that write logits. */
  abstract readonly outputs: readonly Conv2d[];
}
