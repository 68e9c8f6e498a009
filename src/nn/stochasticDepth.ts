import type * as tf from '@tensorflow/tfjs-core';
import { dropSamples } from '../engine/ops/random.ts';
import { RandomDrop } from './randomDrop.ts';

/**
 * `torchvision.ops.StochasticDepth` in mode `row`, also called drop connect or drop path: while training, zeroes each
 * sample as a whole with probability `rate` in [0, 1) and scales the others by `1 / (1 - rate)`; the identity
 * otherwise. `stream` names the layer, so that layers sharing the context's seed drop different samples.
 */
export class StochasticDepth extends RandomDrop {
  constructor(rate: number, stream: string) {
    super('stochastic depth', rate, stream);
  }

  protected override drop(x: tf.Tensor4D, seed: tf.Tensor1D): tf.Tensor4D {
    return dropSamples(x, this.rate, seed);
  }
}
