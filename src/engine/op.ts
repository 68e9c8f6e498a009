import * as tf from '@tensorflow/tfjs-core';
import { startedEngine } from './running.ts';
import { attributeKind, nativeType } from './native.ts';
import type { OpAttribute } from './native.ts';

/** Attributes of TensorFlow ops, by kind. */
export const attribute = {
  type: (name: string, type: keyof typeof nativeType = 'float32'): OpAttribute => ({
    name,
    type: attributeKind.type,
    value: nativeType[type],
  }),
  int: (name: string, value: number): OpAttribute => ({ name, type: attributeKind.int, value }),
  ints: (name: string, value: readonly number[]): OpAttribute => ({ name, type: attributeKind.int, value }),
  float: (name: string, value: number): OpAttribute => ({ name, type: attributeKind.float, value }),
  bool: (name: string, value: boolean): OpAttribute => ({ name, type: attributeKind.bool, value }),
  string: (name: string, value: string): OpAttribute => ({ name, type: attributeKind.string, value }),
};

/**
 * Runs (or records) a TensorFlow op by its name, without a gradient.
 *
 * @throws PhalanxError `engine/op`
 */
export function runOps(
  type: string,
  attributes: readonly OpAttribute[],
  inputs: readonly tf.Tensor[],
  outputs: number,
): tf.Tensor[] {
  return startedEngine().backend.executeMultipleOutputs(type, attributes, inputs, outputs);
}

export function runOp(
  type: string,
  attributes: readonly OpAttribute[],
  inputs: readonly tf.Tensor[],
): tf.Tensor {
  return runOps(type, attributes, inputs, 1)[0]!;
}

/** A differentiable op over one or more TensorFlow ops. */
export interface OpDefinition<Name extends string, Attributes extends object> {
  readonly name: string;
  readonly forward: (inputs: Record<Name, tf.Tensor>, attributes: Attributes) => tf.Tensor[];
  /** Inputs, and outputs by position, that the gradient needs. */
  readonly saveInputs: readonly Name[];
  readonly saveOutputs?: readonly boolean[];
  /** For each input, what gives its gradient from those of the outputs; called only for inputs that need it. */
  readonly gradient: (
    dys: readonly tf.Tensor[],
    saved: readonly tf.Tensor[],
    attributes: Attributes,
  ) => Record<Name, () => tf.Tensor>;
}

/** Registers an op with tfjs, so that its gradient takes part in every tape, and returns how to call it. */
export function defineOp<Name extends string, Attributes extends object>(
  definition: OpDefinition<Name, Attributes>,
): (inputs: Record<Name, tf.Tensor>, attributes: Attributes) => tf.Tensor[] {
  const { name, forward, saveInputs, saveOutputs, gradient } = definition;
  const kernelName = `Phalanx${name}`;
  tf.registerKernel({
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) =>
      forward(inputs as Record<Name, tf.Tensor>, attrs as unknown as Attributes),
  });
  tf.registerGradient({
    kernelName,
    inputsToSave: [...saveInputs],
    ...(saveOutputs === undefined ? {} : { outputsToSave: [...saveOutputs] }),
    gradFunc: (dy, saved, attrs) =>
      gradient(Array.isArray(dy) ? dy : [dy], saved, attrs as unknown as Attributes),
  });
  return (inputs, attributes) => {
    const results: tf.Tensor | tf.Tensor[] = tf
      .engine()
      .runKernel(kernelName, inputs, attributes as unknown as tf.NamedAttrMap);
    return Array.isArray(results) ? results : [results];
  };
}

/** A constant list of sizes for ops that take one. */
export function sizes(values: readonly number[]): tf.Tensor1D {
  return tf.tensor1d([...values], 'int32');
}
