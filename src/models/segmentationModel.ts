import type * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import type { Context } from '../nn/context.ts';
import type { Conv2d } from '../nn/conv2d.ts';
import { Module } from '../nn/module.ts';
import type { AuxiliaryTarget } from './decoders/decoder.ts';

// A type, not an interface, so that it is a tfjs tensor container.
export type SegmentationOutput = {
  /** `[N, H, W, classes]` at the size of the input, less the model's margin on every side. */
  readonly logits: tf.Tensor4D;
  /** Logits of auxiliary heads, each of the same shape; only while training, and only of models that have them. */
  readonly auxiliary?: tf.Tensor4D[];
  /** `[N, labels]`: logits of the image as a whole, of models with `auxParams`; no loss of the trainer uses them. */
  readonly labels?: tf.Tensor2D;
};

/** A network that gives every pixel one logit per class. */
export abstract class SegmentationModel extends Module {
  abstract readonly inChannels: number;
  abstract readonly classes: number;
  /** Sides of the input are larger than the smallest by multiples of this. */
  abstract readonly sizeMultiple: number;
  /** Pixels along each side of the input that get no logits, because convolutions without padding use them up. */
  readonly margin: number = 0;
  /** Factor of each auxiliary output's loss, in their order; where undefined, it is for the trainer to say. */
  readonly auxiliaryWeights: readonly number[] | undefined = undefined;
  /** What the auxiliary outputs are compared with. */
  readonly auxiliaryTarget: AuxiliaryTarget = 'labels';
  /** The convolutions that write logits. */
  abstract readonly outputs: readonly Conv2d[];

  /** The shortest side that the input may have. */
  get smallestSide(): number {
    return this.sizeMultiple;
  }

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
    const { sizeMultiple: multiple, smallestSide: smallest } = this;
    if ([height, width].some((side) => side < smallest || (side - smallest) % multiple !== 0)) {
      const sides = smallest === multiple ? '' : `${smallest} plus `;
      throw new PhalanxError('model/input-shape', {
        what: 'The image has a size that the model cannot take',
        expected: `height and width to be ${sides}multiples of ${multiple}`,
        received: `${height}×${width}`,
        fix: `Resize or pad the images to ${this.#nearestSizes(height, width)}`,
      });
    }
    return this.compute(x, context);
  }

  #nearestSizes(height: number, width: number): string {
    const { sizeMultiple: multiple, smallestSide: smallest } = this;
    const steps = [height, width].map((size) => (size - smallest) / multiple);
    const sizes = (counts: readonly number[]): string =>
      counts.map((count) => smallest + Math.max(0, count) * multiple).join('×');
    const larger = sizes(steps.map(Math.ceil));
    return steps.some((step) => step < 0) ? larger : `${sizes(steps.map(Math.floor))} or ${larger}`;
  }
}
