import * as tf from '@tensorflow/tfjs-core';

/**
 * `tf.customGrad` for a scalar function of one tensor. Losses use it because the tape would walk back through
 * every full-size term, where the written-out derivative needs a fraction of the memory traffic.
 *
 * @param forward The value, and the tensors of the forward pass that the gradient reads.
 * @param gradient The derivative with respect to `x`, times the upstream gradient `dy` (a scalar).
 */
export function withGradient<Saved extends Readonly<Record<string, tf.Tensor>>>(
  x: tf.Tensor4D,
  forward: (x: tf.Tensor4D) => { readonly value: tf.Scalar; readonly saved: Saved },
  gradient: (dy: tf.Tensor, saved: Saved) => tf.Tensor,
): tf.Scalar {
  const f = tf.customGrad<tf.Scalar>((...inputs) => {
    const [input, save] = inputs as [tf.Tensor4D, (tensors: tf.Tensor[]) => void];
    const { value, saved } = forward(input);
    const names = Object.keys(saved);
    save(Object.values(saved));
    const restore = (tensors: readonly tf.Tensor[]): Saved =>
      Object.fromEntries(names.map((name, index) => [name, tensors[index]!])) as Saved;
    return { value, gradFunc: (dy, tensors) => gradient(dy, restore(tensors)) };
  });
  return f(x);
}
