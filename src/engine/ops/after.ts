import type * as tf from '@tensorflow/tfjs-core';
import { attribute, runOp } from '../op.ts';

/**
 * The values of `x`, without a copy, but not before `awaited` is computed. What a compiled function computes from the
 * result is computed then, even if it computed the same from `x` before. No gradient flows through it.
 */
export function after<T extends tf.Tensor>(x: T, awaited: tf.Tensor): T {
  const types = [attribute.type('T', x.dtype), attribute.type('U', awaited.dtype)];
  return runOp('PhalanxAfter', types, [x, awaited]) as T;
}
