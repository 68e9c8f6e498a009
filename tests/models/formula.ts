import { elementCount } from '../../src/nn/safetensors/format.ts';
import type { HostTensor, StateDict } from '../../src/nn/safetensors/format.ts';
import type { Module } from '../../src/nn/module.ts';

/** The values of `filled` in tools/goldens/formula.py: uniform in [low, high), from a name and each index. */
export function filled(name: string, count: number, low: number, high: number): Float32Array {
  let seed = 0x811c9dc5;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let h = (seed + Math.imul(i, 0x9e3779b9)) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    values[i] = low + ((h >>> 0) / 2 ** 32) * (high - low);
  }
  return values;
}

/**
 * The weights of a golden configuration, in PyTorch's names and layout; `lift` raises the biases.
 *
 * @param known Values of this `lift` by name and shape, taken over and added to, where several models share layers.
 */
export function filledState(model: Module, lift = 0, known?: Map<string, HostTensor>): StateDict {
  const tensors = new Map<string, HostTensor>();
  for (const [name, { torchShape: shape, dtype }] of model.namedState()) {
    const key = `${name} ${shape.join('×')}`;
    const tensor = known?.get(key) ?? filledTensor(name, shape, dtype, lift);
    tensors.set(name, tensor);
    known?.set(key, tensor);
  }
  return tensors;
}

function filledTensor(
  name: string,
  shape: readonly number[],
  dtype: 'float32' | 'int32',
  lift: number,
): HostTensor {
  if (dtype === 'int32') return { dtype: 'I64', shape, data: new BigInt64Array([7n]) };
  return { dtype: 'F32', shape, data: filledValues(name, shape, lift) };
}

function filledValues(name: string, shape: readonly number[], lift: number): Float32Array {
  const count = elementCount(shape);
  if (shape.length > 1) {
    const bound = Math.sqrt(6 / elementCount(shape.slice(1)));
    return filled(name, count, -bound, bound);
  }
  if (name.endsWith('running_var')) return filled(name, count, 0.5, 2);
  if (name.endsWith('weight')) return filled(name, count, 0.25, 1.25);
  return filled(name, count, lift - 0.5, lift + 0.5);
}
