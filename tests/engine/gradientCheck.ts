import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { compile } from '../../src/engine/compile.ts';

/** Seeded normal values of a shape. */
export function normal(shape: readonly number[], ...keys: readonly (string | number)[]): tf.Tensor {
  const random = Random.from('engine-tests', ...keys);
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => random.normal()),
    [...shape],
  );
}

/**
 * Compares an op's gradients, eager and compiled, with central differences of a random projection of its result,
 * along a few coordinates of each input.
 */
export async function expectGradients(
  op: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  { step = 1e-2, tolerance = 1e-2 }: { step?: number; tolerance?: number } = {},
): Promise<void> {
  const shape = tf.tidy(() => op(...inputs).shape);
  const projection = normal(shape, 'projection');
  const loss = (...values: tf.Tensor[]): tf.Scalar => tf.sum(tf.mul(op(...values), projection));
  const gradient = tf.grads((...values: tf.Tensor[]) => loss(...values));
  const eager = gradient([...inputs]);
  const compiled = compile((...values: tf.Tensor[]) => gradient(values), {
    name: 'gradients',
    precision: 'float32',
  });
  const traced = await compiled(...inputs);
  for (const [position, input] of inputs.entries()) {
    const values = Float32Array.from(input.dataSync());
    const fromTape = eager[position]!.dataSync();
    const fromTrace = traced[position]!.dataSync();
    expect(fromTape.length).toBe(values.length);
    const random = Random.from('coordinates', position);
    for (let trial = 0; trial < Math.min(8, values.length); trial++) {
      const index = random.integer(0, values.length);
      const at = (offset: number) =>
        tf.tidy(() => {
          const moved = values.slice();
          moved[index]! += offset;
          const all = inputs.map((other, i) => (i === position ? tf.tensor(moved, input.shape) : other));
          return loss(...all).dataSync()[0]!;
        });
      const expected = (at(step) - at(-step)) / (2 * step);
      const scale = Math.max(1, Math.abs(expected));
      expect(Math.abs(fromTape[index]! - expected) / scale, `input ${position}[${index}] eager`).toBeLessThan(
        tolerance,
      );
      expect(
        Math.abs(fromTrace[index]! - fromTape[index]!) / scale,
        `input ${position}[${index}] traced`,
      ).toBeLessThan(1e-3);
    }
  }
  compiled.dispose();
  tf.dispose([eager, traced, projection]);
}
