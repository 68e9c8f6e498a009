import * as tf from '@tensorflow/tfjs-core';

/** The shape of what a function returns, with tensors replaced by their position. */
export type Structure =
  | { readonly kind: 'tensor'; readonly index: number }
  | { readonly kind: 'array'; readonly items: readonly Structure[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Structure])[] }
  | { readonly kind: 'value'; readonly value: tf.TensorContainer };

export function readStructure(container: tf.TensorContainer): { structure: Structure; tensors: tf.Tensor[] } {
  const tensors: tf.Tensor[] = [];
  const walk = (value: tf.TensorContainer): Structure => {
    if (value instanceof tf.Tensor) return { kind: 'tensor', index: tensors.push(value) - 1 };
    if (Array.isArray(value)) return { kind: 'array', items: value.map((item) => walk(item)) };
    if (typeof value === 'object' && (value as unknown) !== null && !ArrayBuffer.isView(value)) {
      return {
        kind: 'object',
        entries: Object.entries(value).map(([key, item]) => [key, walk(item)] as const),
      };
    }
    return { kind: 'value', value };
  };
  return { structure: walk(container), tensors };
}

export function writeStructure(structure: Structure, tensors: readonly tf.Tensor[]): tf.TensorContainer {
  switch (structure.kind) {
    case 'tensor':
      return tensors[structure.index]!;
    case 'array':
      return structure.items.map((item): tf.TensorContainer => writeStructure(item, tensors));
    case 'object':
      return Object.fromEntries<tf.TensorContainer>(
        structure.entries.map(([key, item]) => [key, writeStructure(item, tensors)]),
      );
    case 'value':
      return structure.value;
  }
}
