import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { Module } from './module.ts';
import type { Parameter } from './parameter.ts';
import { toFloat32 } from './safetensors/floats.ts';
import type { HostTensor, StateDict } from './safetensors/format.ts';

/** A copy of every parameter and buffer, under PyTorch's names and in PyTorch's layout. */
export function stateDict(module: Module): StateDict {
  const tensors = new Map<string, HostTensor>();
  for (const [name, state] of module.namedState()) tensors.set(name, toHost(state));
  return tensors;
}

/**
 * Sets every parameter and buffer from tensors under PyTorch's names and in PyTorch's layout (any float type).
 * A missing `num_batches_tracked`, which old PyTorch versions did not write, counts as 0. Nothing is loaded unless
 * everything fits.
 *
 * @param source Named in the error, for example the file's path.
 * @throws PhalanxError `model/state-mismatch` listing missing, unexpected and wrongly shaped keys.
 */
export function loadStateDict(module: Module, tensors: StateDict, source = 'the given weights'): void {
  requireFit(module, tensors, { source });
  for (const [name, state] of module.namedState()) fromHost(state, tensors.get(name));
}

/**
 * Compares names and shapes of tensors with those of a module, which needs no values.
 *
 * @throws PhalanxError `model/state-mismatch` listing missing, unexpected and wrongly shaped keys.
 */
export function requireFit(
  module: Module,
  tensors: StateDict,
  {
    source,
    except = new Set(),
  }: {
    /** Named in the error. */
    readonly source: string;
    /** Names that may be missing. */
    readonly except?: ReadonlySet<string>;
  },
): void {
  const states = new Map(module.namedState());
  const missing = [...states.keys()].filter(
    (name) => !tensors.has(name) && !isBatchCount(name) && !except.has(name),
  );
  const unexpected = [...tensors.keys()].filter((name) => !states.has(name));
  const misshapen = [...states].flatMap(([name, state]) => {
    const tensor = tensors.get(name);
    if (tensor === undefined || sameShape(tensor.shape, state.torchShape)) return [];
    return [`${name} is [${tensor.shape.join(', ')}] instead of [${state.torchShape.join(', ')}]`];
  });
  if (missing.length + unexpected.length + misshapen.length === 0) return;
  const withSimilar = (name: string): string => {
    // Wrappers such as DataParallel put a prefix before every name.
    const similar = unexpected.find((other) => other.endsWith(`.${name}`)) ?? nearest(name, unexpected);
    return similar === undefined ? name : `${name} (there is ${similar})`;
  };
  throw new PhalanxError('model/state-mismatch', {
    what: 'The weights do not fit the model, and none were loaded',
    where: source,
    received: [
      list('missing', missing, withSimilar),
      list('unexpected', unexpected),
      list('of another shape', misshapen),
    ]
      .filter((part) => part !== undefined)
      .join('; '),
    fix: 'Check that decoder, encoder, their options, input channels and classes are those the weights were made with',
  });
}

function toHost(state: Parameter): HostTensor {
  const values = state.variable.dataSync();
  if (state.dtype === 'int32') {
    return { dtype: 'I64', shape: state.torchShape, data: BigInt64Array.from(values as Int32Array, BigInt) };
  }
  const { a, b, spatial } = axes(state.shape);
  const data = a * b === 1 ? Float32Array.from(values) : reverseAxes(values as Float32Array, spatial, a, b);
  return { dtype: 'F32', shape: state.torchShape, data };
}

function fromHost(state: Parameter, tensor: HostTensor | undefined): void {
  if (tensor === undefined) {
    state.assign(tf.zeros([...state.shape], state.dtype));
    return;
  }
  if (state.dtype === 'int32') {
    const counts =
      tensor.dtype === 'I64' ? Int32Array.from(tensor.data, Number) : Int32Array.from(toFloat32(tensor));
    state.assign(tf.tensor(counts, [...state.shape], 'int32'));
    return;
  }
  const { a, b, spatial } = axes(state.shape);
  state.assign(tf.tensor(reverseAxes(toFloat32(tensor), b, a, spatial), [...state.shape], 'float32'));
}

/** The last two axes of TensorFlow's layout and the product of the others; vectors have only the last. */
function axes(shape: readonly number[]): { spatial: number; a: number; b: number } {
  const b = shape.at(-1) ?? 1;
  const a = shape.at(-2) ?? 1;
  return { spatial: shape.slice(0, -2).reduce((product, dimension) => product * dimension, 1), a, b };
}

/** `[first, second, third]` row-major to `[third, second, first]`: kernels between the two layouts, either way. */
function reverseAxes(values: Float32Array, first: number, second: number, third: number): Float32Array {
  const reversed = new Float32Array(values.length);
  for (let i = 0; i < first; i++) {
    for (let j = 0; j < second; j++) {
      const from = (i * second + j) * third;
      for (let k = 0; k < third; k++) reversed[(k * second + j) * first + i] = values[from + k]!;
    }
  }
  return reversed;
}

/** Which old PyTorch versions did not write; a missing one counts as 0. */
export function isBatchCount(name: string): boolean {
  return name.endsWith('.num_batches_tracked');
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, index) => dimension === b[index]);
}

const SHOWN = 5;

function list(kind: string, items: readonly string[], format = (item: string) => item): string | undefined {
  if (items.length === 0) return undefined;
  const more = items.length > SHOWN ? `, and ${items.length - SHOWN} more` : '';
  return `${items.length} ${kind}: ${items.slice(0, SHOWN).map(format).join(', ')}${more}`;
}
