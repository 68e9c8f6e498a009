import type * as tf from '@tensorflow/tfjs-core';
import { Random } from '../core/random.ts';
import { deriveSeed } from '../engine/ops/random.ts';
import type { Context } from './context.ts';
import { Layer } from './module.ts';

/**
 * A layer that, while training, drops with probability `rate` in [0, 1), and is the identity otherwise. `stream` names
 * it, so that layers sharing the context's seed drop differently.
 */
export abstract class RandomDrop extends Layer {
  readonly rate: number;
  readonly #kind: string;
  readonly #stream: number;

  /** @param kind What its streams and its error call it. */
  protected constructor(kind: string, rate: number, stream: string) {
    super();
    this.rate = rate;
    this.#kind = kind;
    this.#stream = Random.from(kind, stream).bits();
  }

  protected abstract drop(x: tf.Tensor4D, seed: tf.Tensor1D): tf.Tensor4D;

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    if (!context.training || this.rate === 0) return x;
    if (context.seed === undefined)
      throw new Error(`Training a model with ${this.#kind} needs a seed in its context`);
    const y = this.drop(x, deriveSeed(context.seed, this.#stream));
    context.observe?.(this, x, y);
    return y;
  }
}
