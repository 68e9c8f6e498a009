import type { TensorValues } from '../../../engine/native.ts';

/** The values of a tensor with its axes in another order: axis i of the result is axis `permutation[i]`. */
export function permute<T extends TensorValues>(
  values: T,
  shape: readonly number[],
  permutation: readonly number[],
): T {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const result = values.slice() as T;
  let next = 0;
  const visit = (axis: number, offset: number): void => {
    if (axis === permutation.length) {
      result[next++] = values[offset]!;
      return;
    }
    const [size, stride] = [shape[permutation[axis]!]!, strides[permutation[axis]!]!];
    for (let index = 0; index < size; index++) visit(axis + 1, offset + index * stride);
  };
  visit(0, 0);
  return result;
}
