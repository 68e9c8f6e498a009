import type * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import type { Context } from '../nn/context.ts';
import type { Conv2d } from '../nn/conv2d.ts';
import { Module } from '../nn/module.ts';

// A type, not an interface, so that it is a tfjs tensor container.
export type SegmentationOutput = {
  /** `[N, H, W, classes]` at the size of the input. */
  readonly logits: tf.Tensor4D;
  /** The auxiliary head's logits, of the same shape; only while training, and only of models that have one. */
  readonly auxiliary?: tf.Tensor4D;
  /** `[N, labels]`: logits of the image as a whole, of models with `auxParams`; no loss of the trainer uses them. */
  readonly labels?: tf.Tensor2D;
};

/** A network that gives every pixel one logit per class. */
export abstract class SegmentationModel extends Module {
  abstract readonly inChannels: number;
  abstract readonly classes: number;
  /** Both sides of the input must be multiples of this. */
  abstract readonly sizeMultiple: number;
  /** The convolutions that write logits. */
  abstract readonly outputs: readonly Conv2d[];

  protected abstract compute(x: tf.Tensor4D, context: Context): SegmentationOutput;

  /**
   * @param x `[N, H, W, inChannels]`, normalized float32.
   * @throws PhalanxError `model/input-shape` when channels or size do not suit the model.
   */
  forward(x: tf.Tensor4D, context: Context): SegmentationOutput {
    const [, height, width, channels] = x.shape;
    if (channels !== this.inChannels) {
      throw new PhalanxError('model/input-shape', {
        what: 'The image does not have the channels the model was built for',
        expected: `${this.inChannels} channels`,
        received: `${channels}`,
        fix: 'Set inChannels of the model to the channels of the images',
      });
    }
    if (height % this.sizeMultiple !== 0 || width % this.sizeMultiple !== 0) {
      throw new PhalanxError('model/input-shape', {
        what: 'The image has a size that the model cannot take',
        expected: `height and width to be multiples of ${this.sizeMultiple}`,
        received: `${height}×${width}`,
        fix: `Resize or pad the images to ${this.#nearestSizes(height, width)}`,
      });
    }
    return this.compute(x, context);
  }

  #nearestSizes(height: number, width: number): string {
    const multiple = this.sizeMultiple;
    const larger = [height, width].map((size) => Math.ceil(size / multiple) * multiple).join('×');
    const smaller = [height, width].map((size) => Math.floor(size / multiple) * multiple);
    return smaller.includes(0) ? larger : `${smaller.join('×')} or ${larger}`;
  }
}
