import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { attributeKind, nativeType } from '../../src/engine/native.ts';
import type { OpAttribute } from '../../src/engine/native.ts';
import { startedEngine } from '../../src/engine/running.ts';

/** TensorFlow's number of bfloat16, which tfjs does not know. */
const bfloat16 = 14;

/** Values of a shape between -1 and 1, reproducible and soon made. */
export function arbitrary(shape: readonly number[], key: number): tf.Tensor {
  const values = new Float32Array(shape.reduce((product, dimension) => product * dimension, 1));
  let state = Math.imul(key + 1, 0x9e3779b9);
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state / 2 ** 31;
  }
  return tf.tensor(values, [...shape]);
}

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

/** The result of an op and its gradients for a random gradient of the result. */
export function resultAndGradients(op: Op, inputs: readonly tf.Tensor[]): Float32Array[] {
  const results: Float32Array[] = [];
  // Not returned from it: tidy looks for tensors in every number.
  tf.tidy(() => {
    const y = op(...inputs);
    const gradients = tf.grads(op)([...inputs], arbitrary(y.shape, 1000));
    results.push(...[y, ...gradients].map((tensor) => tensor.dataSync() as Float32Array));
  });
  return results;
}

/** Compares each of `received` with its counterpart, relative to the largest value of that. */
export function expectClose(
  received: readonly Float32Array[],
  expected: readonly Float32Array[],
  tolerance: number,
): void {
  expect(received.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  for (const [position, values] of expected.entries()) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const difference = values.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - received[position]![i]!)),
      0,
    );
    expect(largest).toBeGreaterThan(0);
    expect(difference / largest, `number ${position}`).toBeLessThan(tolerance);
  }
}

/** Compares bit for bit. */
export function expectSame(received: readonly Float32Array[], expected: readonly Float32Array[]): void {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) =>
    Buffer.from(buffer, byteOffset, byteLength);
  expect(received.length).toBe(expected.length);
  expected.forEach((values, position) => {
    expect(bytes(values).equals(bytes(received[position]!)), `number ${position}`).toBe(true);
  });
}

/** Runs an op of our own in bfloat16 on float32 inputs, and gives its results as float32. */
export function runInBfloat16(
  type: string,
  attributes: readonly OpAttribute[],
  inputs: readonly tf.Tensor[],
  outputs: number,
): Float32Array[] {
  const { native, backend } = startedEngine();
  const typed = (name: string, value: number) => ({ name, type: attributeKind.type, value });
  const made: number[] = [];
  const run = (...request: Parameters<typeof native.executeOp>): number[] => {
    const ids = native.executeOp(...request).map(({ id }) => id);
    made.push(...ids);
    return ids;
  };
  const cast = (id: number, from: number, to: number) =>
    run('Cast', [typed('SrcT', from), typed('DstT', to)], [id], 1)[0]!;
  const narrow = inputs.map((input) => cast(backend.nativeIdOf(input), nativeType.float32, bfloat16));
  const results = run(type, [typed('T', bfloat16), ...attributes], narrow, outputs);
  const values = results.map(
    (id) => native.tensorDataSync(cast(id, bfloat16, nativeType.float32)) as Float32Array,
  );
  for (const id of made) native.deleteTensor(id);
  return values;
}

/** What bfloat16 keeps of float32 values. */
export function asBfloat16(tensor: tf.Tensor): tf.Tensor {
  const [values] = runInBfloat16('Identity', [], [tensor], 1);
  return tf.tensor(values!, tensor.shape);
}
