import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../core/random.ts';
import { dropout } from '../engine/ops/random.ts';
import type { Context } from './context.ts';
import { Layer } from './module.ts';

/**
 * `torch.nn.Dropout`: while training, zeroes each value with probability `rate` in [0, 1) and scales the others by
 * `1 / (1 - rate)`; the identity otherwise. `stream` names the layer, so that layers sharing the context's seed
 * drop different values.
 */
export class Dropout extends Layer {
  readonly rate: number;
  readonly #offset: readonly [number, number];

  constructor(rate: number, stream: string) {
    super();
    this.rate = rate;
    const random = Random.from('dropout', stream);
    this.#offset = [random.bits() | 0, random.bits() | 0];
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    if (!context.training || this.rate === 0) return x;
    if (context.seed === undefined)
      throw new Error('Training a model with dropout needs a seed in its context');
    const seed = tf.add<tf.Tensor1D>(context.seed, tf.tensor1d([...this.#offset], 'int32'));
    const y = dropout(x, this.rate, seed);
    context.observe?.(this, x, y);
    return y;
  }
}
