import type * as tf from '@tensorflow/tfjs-core';
import { dropout, dropChannels } from '../engine/ops/random.ts';
import { RandomDrop } from './randomDrop.ts';

/**
 * `torch.nn.Dropout`: while training, zeroes each value with probability `rate` in [0, 1) and scales the others by
 * `1 / (1 - rate)`; the identity otherwise. `stream` names the layer, so that layers sharing the context's seed
 * drop different values.
 */
export class Dropout extends RandomDrop {
  constructor(rate: number, stream: string) {
    super('dropout', rate, stream);
  }

  protected override drop(x: tf.Tensor4D, seed: tf.Tensor1D): tf.Tensor4D {
    return dropout(x, this.rate, seed);
  }
}

/** `torch.nn.Dropout2d`: the same of a sample's channels as a whole. */
export class Dropout2d extends RandomDrop {
  constructor(rate: number, stream: string) {
    super('dropout', rate, stream);
  }

  protected override drop(x: tf.Tensor4D, seed: tf.Tensor1D): tf.Tensor4D {
    return dropChannels(x, this.rate, seed);
  }
}
