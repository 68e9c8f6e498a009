import * as tf from '@tensorflow/tfjs-core';
import { attribute, defineOp, runOp } from '../op.ts';
import { biasAdd } from './biasAdd.ts';

function multiply(a: tf.Tensor, b: tf.Tensor, transpose: 'none' | 'a' | 'b' = 'none'): tf.Tensor {
  const attributes = [
    attribute.type('T'),
    attribute.bool('transpose_a', transpose === 'a'),
    attribute.bool('transpose_b', transpose === 'b'),
  ];
  return runOp('MatMul', attributes, [a, b]);
}

/** tfjs multiplies matrices by TensorFlow's op for batches of them, into which no bias is fused. */
const matrixProduct = defineOp<'x' | 'weight', object>({
  name: 'MatrixProduct',
  forward: ({ x, weight }) => [multiply(x, weight)],
  saveInputs: ['x', 'weight'],
  gradient: ([dy], [x, weight]) => ({
    x: () => multiply(dy!, weight!, 'b'),
    weight: () => multiply(x!, dy!, 'a'),
  }),
});

/** The last axis of `x` `[N, H, W, C]` times `weight` `[C, outChannels]`, plus `bias` `[outChannels]`. */
export function linear(x: tf.Tensor4D, weight: tf.Tensor2D, bias: tf.Tensor1D | undefined): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const rows = tf.reshape(x, [batch * height * width, channels]);
  const product = matrixProduct({ x: rows, weight }, {})[0] as tf.Tensor2D;
  const y = bias === undefined ? product : biasAdd(product, bias);
  return tf.reshape(y, [batch, height, width, weight.shape[1]]);
}
