import * as tf from '@tensorflow/tfjs-core';
import { applyAfter } from '../engine/ops/batchNorm.ts';
import type { AfterNorm } from '../engine/ops/batchNorm.ts';
import type { BatchNorm2d } from './batchNorm2d.ts';
import type { Context } from './context.ts';
import type { Conv2d } from './conv2d.ts';

/**
 * Convolution, batch normalization and what comes after them, `[N, H, W, inChannels]` to `[N, H', W', outChannels]`.
 *
 * In inference the normalization becomes part of the convolution's weights and bias, so that the whole is one op. Who
 * observes layers sees them apart.
 */
export function convNormActivation(
  x: tf.Tensor4D,
  [convolution, norm]: readonly [Conv2d, BatchNorm2d],
  after: AfterNorm,
  context: Context,
): tf.Tensor4D {
  if (context.training || context.observe !== undefined) {
    return norm.forwardWith(convolution.forward(x, context), after, context);
  }
  const { scale, shift } = norm.inferenceAffine();
  const weight = tf.mul<tf.Tensor4D>(convolution.weight.variable, scale);
  const bias =
    convolution.bias === undefined
      ? shift
      : tf.add<tf.Tensor1D>(tf.mul(convolution.bias.variable, scale), shift);
  return applyAfter(convolution.convolve(x, weight, bias), after);
}
