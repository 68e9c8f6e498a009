import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../../core/errors.ts';
import { attribute, runOp } from '../op.ts';

const bitsPerPlane = 32;

/**
 * Label maps as float planes: class c is bit c % 32 of plane floor(c / 32).
 *
 * @param labels int32 [N, H, W, P], the packed planes
 * @param classes 1 to 32 P
 * @returns float32 [N, H, W, classes], 0 or 1; no gradient
 * @throws PhalanxError `engine/labels` when there are fewer planes than the classes need
 */
export function unpackLabels(labels: tf.Tensor4D, classes: number): tf.Tensor4D {
  const planes = labels.shape[3];
  if (labels.dtype !== 'int32' || classes < 1 || planes !== Math.ceil(classes / bitsPerPlane)) {
    throw new PhalanxError('engine/labels', {
      what: 'Packed labels do not fit the number of classes',
      expected: `int32 [N, H, W, ${Math.ceil(classes / bitsPerPlane)}] for ${classes} classes`,
      received: `${labels.dtype} [${labels.shape.join(', ')}]`,
    });
  }
  return tf.tidy(() => {
    const integers = attribute.type('T', 'int32');
    const unpacked = Array.from({ length: planes }, (_, plane) => {
      const count = Math.min(bitsPerPlane, classes - plane * bitsPerPlane);
      const masks = tf.tensor1d(
        Int32Array.from({ length: count }, (_, bit) => 1 << bit),
        'int32',
      );
      const packed = planes === 1 ? labels : tf.slice(labels, [0, 0, 0, plane], [-1, -1, -1, 1]);
      const bits = runOp('BitwiseAnd', [integers], [packed, masks]);
      const set = runOp('NotEqual', [integers], [bits, tf.scalar(0, 'int32')]);
      return runOp('Cast', [attribute.type('SrcT', 'bool'), attribute.type('DstT')], [set]) as tf.Tensor4D;
    });
    return planes === 1 ? unpacked[0]! : tf.concat(unpacked, 3);
  });
}
