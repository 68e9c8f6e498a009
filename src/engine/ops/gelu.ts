import * as tf from '@tensorflow/tfjs-core';
import { attribute, defineOp, runOp } from '../op.ts';
import { hasOwnKernels } from '../ownKernels.ts';

const types = [attribute.type('T')];

const fused = defineOp<'x', object>({
  name: 'Gelu',
  forward: ({ x }) => [runOp('PhalanxGelu', types, [x])],
  saveInputs: ['x'],
  gradient: ([dy], [x]) => ({ x: () => runOp('PhalanxGeluGrad', types, [dy!, x!]) }),
});

/**
 * `x` Φ(`x`), elementwise, with Φ the standard normal distribution function. Hendrycks and Gimpel 2016,
 * https://arxiv.org/abs/1606.08415. On the CPU one pass over memory each way, elsewhere of TensorFlow's ops.
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  if (!hasOwnKernels()) return composedGelu(x);
  return fused({ x }, {})[0] as T;
}

/** The same, of TensorFlow's ops. */
export function composedGelu<T extends tf.Tensor>(x: T): T {
  return tf.mul(x, tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5));
}
