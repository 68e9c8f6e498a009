import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { attributeKind, nativeType } from '../../src/engine/native.ts';
import type { OpAttribute } from '../../src/engine/native.ts';
import { startedEngine } from '../../src/engine/running.ts';
import { normal } from './gradientCheck.ts';

/** TensorFlow's number of bfloat16, which tfjs does not know. */
const bfloat16 = 14;

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

/** The result of an op and its gradients for a random gradient of the result. */
export function resultAndGradients(op: Op, inputs: readonly tf.Tensor[]): Float32Array[] {
  return tf.tidy(() => {
    const y = op(...inputs);
    const gradients = tf.grads(op)([...inputs], normal(y.shape, 'dy'));
    return [y, ...gradients].map((tensor) => tensor.dataSync() as Float32Array);
  });
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
