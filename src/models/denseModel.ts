import type * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import type { Context } from '../nn/context.ts';
import { Module } from '../nn/module.ts';

/** What a kind of network takes, for its messages. */
export interface Subject {
  readonly one: string;
  readonly many: string;
  /** The axes between batch and channels. */
  readonly sides: string;
}

/** A network that gives every position of its input (an image, a volume) one logit per class. */
export abstract class DenseModel<
  Input extends tf.Tensor4D | tf.Tensor5D,
  Output extends { readonly logits: Input },
> extends Module {
  protected abstract readonly subject: Subject;
  abstract readonly inChannels: number;
  abstract readonly classes: number;
  /** Sides of the input are larger than the smallest by multiples of this. */
  abstract readonly sizeMultiple: number;
  /** Positions along each side of the input that get no logits, because convolutions without padding use them up. */
  readonly margin: number = 0;

  /** The shortest side that the input may have. */
  get smallestSide(): number {
    return this.sizeMultiple;
  }

  protected abstract compute(x: Input, context: Context): Output;

  /**
   * @param x Batch first, channels (`inChannels`) last; normalized float32.
   * @throws PhalanxError `model/input-shape` when channels or size do not suit the model.
   */
  forward(x: Input, context: Context): Output {
    const { one, many, sides } = this.subject;
    const channels = x.shape.at(-1);
    const size = x.shape.slice(1, -1);
    if (channels !== this.inChannels) {
      throw new PhalanxError('model/input-shape', {
        what: `The ${one} does not have the channels the model was built for`,
        expected: `${this.inChannels} channels`,
        received: `${channels}`,
        fix: `Set inChannels of the model to the channels of the ${many}`,
      });
    }
    const { sizeMultiple: multiple, smallestSide: smallest } = this;
    if (size.some((side) => side < smallest || (side - smallest) % multiple !== 0)) {
      const least = smallest === multiple ? '' : `${smallest} plus `;
      throw new PhalanxError('model/input-shape', {
        what: `The ${one} has a size that the model cannot take`,
        expected: `${sides} to be ${least}multiples of ${multiple}`,
        received: size.join('×'),
        fix: `Resize or pad the ${many} to ${this.#nearestSizes(size)}`,
      });
    }
    return this.compute(x, context);
  }

  #nearestSizes(size: readonly number[]): string {
    const { sizeMultiple: multiple, smallestSide: smallest } = this;
    const steps = size.map((side) => (side - smallest) / multiple);
    const sizes = (counts: readonly number[]): string =>
      counts.map((count) => smallest + Math.max(0, count) * multiple).join('×');
    const larger = sizes(steps.map(Math.ceil));
    return steps.some((step) => step < 0) ? larger : `${sizes(steps.map(Math.floor))} or ${larger}`;
  }
}
