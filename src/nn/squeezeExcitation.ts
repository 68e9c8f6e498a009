import type * as tf from '@tensorflow/tfjs-core';
import { exciteChannels } from '../engine/ops/exciteChannels.ts';
import { silu } from '../engine/ops/silu.ts';
import type { Context } from './context.ts';
import type { Conv2d } from './conv2d.ts';

/** Pointwise convolutions of the squeeze; their owner registers them under the original's names. */
export interface Squeeze {
  readonly reduce: Conv2d;
  readonly expand: Conv2d;
}

/**
 * Squeeze-and-excitation (Hu et al. 2018, https://arxiv.org/abs/1709.01507) with SiLU inside: scales each channel of
 * `x` `[N, H, W, C]` by a share in (0, 1) computed from the means of all.
 */
export function squeezeExcitation(
  x: tf.Tensor4D,
  { reduce, expand }: Squeeze,
  context: Context,
): tf.Tensor4D {
  return exciteChannels(x, (means) => expand.forward(silu(reduce.forward(means, context)), context));
}
