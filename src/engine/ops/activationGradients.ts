import * as tf from '@tensorflow/tfjs-core';
import { attribute, runOp } from '../op.ts';

// tfjs composes these gradients of several ops and keeps the activation's *input* for them. TensorFlow has one op for
// each, which needs only the output; and the output is kept by the next layer anyway.

const types = [attribute.type('T')];

/** Kernel of tfjs, and TensorFlow's gradient from output and its gradient. */
const gradients: readonly (readonly [
  kernel: string,
  gradient: (y: tf.Tensor, dy: tf.Tensor) => tf.Tensor,
])[] = [
  [tf.Relu, (y, dy) => runOp('ReluGrad', types, [dy, y])],
  [tf.Relu6, (y, dy) => runOp('Relu6Grad', types, [dy, y])],
  [tf.Sigmoid, (y, dy) => runOp('SigmoidGrad', types, [y, dy])],
  [tf.Tanh, (y, dy) => runOp('TanhGrad', types, [y, dy])],
];

/** Puts TensorFlow's own gradients of activations in place of tfjs' compositions. */
export function registerActivationGradients(): void {
  for (const [kernelName, gradient] of gradients) {
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      kernelName,
      outputsToSave: [true],
      gradFunc: (dy, [y]) => ({ x: () => gradient(y!, dy as tf.Tensor) }),
    });
  }
}
