import * as tf from '@tensorflow/tfjs-core';

/** The first `count` elements of a vector, each as a scalar. */
export function scalars(vector: tf.Tensor1D, count: number): readonly tf.Scalar[] {
  return Array.from({ length: count }, (_, index) =>
    tf.reshape<tf.Rank.R0>(tf.slice(vector, [index], [1]), []),
  );
}
