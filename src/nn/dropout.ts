import type * as tf from '@tensorflow/tfjs-core';
import { Random } from '../core/random.ts';
import { deriveSeed, dropout } from '../engine/ops/random.ts';
import type { Context } from './context.ts';
import { Layer } from './module.ts';

/**
 * `torch.nn.Dropout`: while training, zeroes each value with probability `rate` in [0, 1) and scales the others by
 * `1 / (1 - rate)`; the identity otherwise. `stream` names the layer, so that layers sharing the context's seed
 * drop different values.
 */
export class Dropout extends Layer {
  readonly rate: number;
  readonly #stream: number;

  constructor(rate: number, stream: string) {
    super();
    this.rate = rate;
    this.#stream = Random.from('dropout', stream).bits();
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    if (!context.training || this.rate === 0) return x;
    if (context.seed === undefined)
      throw new Error('Training a model with dropout needs a seed in its context');
    const y = dropout(x, this.rate, deriveSeed(context.seed, this.#stream));
    context.observe?.(this, x, y);
    return y;
  }
}
