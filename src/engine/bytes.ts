import type * as tf from '@tensorflow/tfjs-core';
import { startedEngine } from './running.ts';
import { nativeType } from './native.ts';
import { newTensor } from './newTensor.ts';
import { attribute, runOp } from './op.ts';

/**
 * A tensor of bytes, a quarter of the memory that tfjs' smallest type would take. tfjs calls its type int32; only
 * `bytesToFloat` may consume it, usually inside a compiled function that takes it as an argument.
 *
 * @throws PhalanxError `engine/tensor` when the number of bytes is not that of the shape
 */
export function uint8Tensor(data: Uint8Array, shape: readonly number[]): tf.Tensor {
  const { native, backend } = startedEngine();
  const id = newTensor(native, shape, nativeType.uint8, data);
  return backend.createOutputTensor({ id, shape: [...shape], dtype: nativeType.uint8 });
}

/** The bytes as float32, 0..255. */
export function bytesToFloat(x: tf.Tensor): tf.Tensor {
  return runOp('Cast', [attribute.type('SrcT', 'uint8'), attribute.type('DstT')], [x]);
}
