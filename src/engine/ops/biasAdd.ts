import type * as tf from '@tensorflow/tfjs-core';
import { attribute, defineOp, runOp } from '../op.ts';

const attributes = [attribute.type('T'), attribute.string('data_format', 'NHWC')];

const biasAddOp = defineOp<'x' | 'bias', object>({
  name: 'BiasAdd',
  forward: ({ x, bias }) => [runOp('BiasAdd', attributes, [x, bias])],
  saveInputs: [],
  gradient: ([dy]) => ({ x: () => dy!.clone(), bias: () => runOp('BiasAddGrad', attributes, [dy!]) }),
});

/** `x` `[..., C]` plus `bias` `[C]`; TensorFlow computes it within the convolution or product before it. */
export function biasAdd<T extends tf.Tensor>(x: T, bias: tf.Tensor1D): T {
  return biasAddOp({ x, bias }, {})[0] as T;
}
