import * as tf from '@tensorflow/tfjs-core';
import { attribute, runOp } from '../engine/op.ts';

/** Euclidean norm over all gradients together, as a scalar. */
export function globalNorm(gradients: readonly tf.Tensor[]): tf.Scalar {
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
  return tf.sqrt(tf.addN(squares) as tf.Scalar);
}

/** The factor that brings a norm down to `limit`, as `torch.nn.utils.clip_grad_norm_` computes it; at most 1. */
export function clipFactor(norm: tf.Scalar, limit: number): tf.Scalar {
  return tf.minimum(tf.div(limit, tf.add(norm, 1e-6)), 1);
}

/** The gradient times a factor; where the factor is 0 the result is 0, whatever the gradient holds. */
export function scaleOrZero(gradient: tf.Tensor, factor: tf.Scalar): tf.Tensor {
  return runOp('MulNoNan', [attribute.type('T')], [gradient, factor]);
}
