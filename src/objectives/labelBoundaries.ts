import * as tf from '@tensorflow/tfjs-core';
import { attribute, runOp } from '../engine/op.ts';

type Bitwise = 'BitwiseAnd' | 'BitwiseOr' | 'BitwiseXor';

/**
 * The pixels on both sides of every class's edge, two in breadth: the morphological gradient (Rivest, Soille and Beucher
 * 1993), where the largest and smallest label of the 3×3 pixels around differ. What lies beyond the image counts for neither,
 * so a structure that the image cuts has no boundary there.
 *
 * @param labels Packed, int32 `[N, H, W, P]`.
 * @returns Packed alike; all classes are computed at once, without unpacking them.
 */
export function labelBoundaries(labels: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => bitwise('BitwiseXor', around('BitwiseOr', labels), around('BitwiseAnd', labels)));
}

/** Packed labels that each pixel or one of the eight around it has. */
export function withNeighbours(labels: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => around('BitwiseOr', labels));
}

/** The operation over the 3×3 pixels around each pixel. */
function around(operation: Bitwise, labels: tf.Tensor4D): tf.Tensor4D {
  const rows = alongAxis(operation, labels, 1);
  return alongAxis(operation, rows, 2);
}

/** The operation over each pixel and its neighbours before and behind; at the ends a pixel stands for the missing one. */
function alongAxis(operation: Bitwise, x: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D {
  const size = x.shape[axis];
  const part = (begin: number, length: number): tf.Tensor4D => {
    const [begins, lengths] = [
      [0, 0, 0, 0],
      [-1, -1, -1, -1],
    ] as [[number, number, number, number], [number, number, number, number]];
    begins[axis] = begin;
    lengths[axis] = length;
    return tf.slice(x, begins, lengths);
  };
  if (size === 1) return x;
  const before = tf.concat([part(0, 1), part(0, size - 1)], axis);
  const behind = tf.concat([part(1, size - 1), part(size - 1, 1)], axis);
  return bitwise(operation, bitwise(operation, before, x), behind);
}

function bitwise(operation: Bitwise, a: tf.Tensor4D, b: tf.Tensor4D): tf.Tensor4D {
  return runOp(operation, [attribute.type('T', 'int32')], [a, b]) as tf.Tensor4D;
}
