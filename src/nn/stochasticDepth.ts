import type * as tf from '@tensorflow/tfjs-core';
import { Random } from '../core/random.ts';
import { deriveSeed, dropSamples } from '../engine/ops/random.ts';
import type { Context } from './context.ts';
import { Layer } from './module.ts';

/**
 * `torchvision.ops.StochasticDepth` in mode `row`, also called drop connect or drop path: while training, zeroes each
 * sample as a whole with probability `rate` in [0, 1) and scales the others by `1 / (1 - rate)`; the identity
 * otherwise. `stream` names the layer, so that layers sharing the context's seed drop different samples.
 */
export class StochasticDepth extends Layer {
  readonly rate: number;
  readonly #stream: number;

  constructor(rate: number, stream: string) {
    super();
    this.rate = rate;
    this.#stream = Random.from('stochastic depth', stream).bits();
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    if (!context.training || this.rate === 0) return x;
    if (context.seed === undefined)
      throw new Error('Training a model with stochastic depth needs a seed in its context');
    const y = dropSamples(x, this.rate, deriveSeed(context.seed, this.#stream));
    context.observe?.(this, x, y);
    return y;
  }
}
