import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import type { PhalanxBackend } from './backend.ts';
import type { NativeEngine } from './native.ts';
import { readStructure, writeStructure } from './structure.ts';
import type { Structure } from './structure.ts';
import { Trace, whileTracing } from './trace.ts';
import { snapshotVariables } from './variables.ts';

export type TensorFunction = (...args: tf.Tensor[]) => tf.TensorContainer;

/** A traced function bound to what it captured. */
export interface TracedCall {
  /** Queues a call; `result` makes the returned tensors once `done` is resolved. */
  run(args: readonly tf.Tensor[]): { done: Promise<void>; result: () => tf.TensorContainer };
  dispose(): void;
}

interface Recorded {
  readonly structure: Structure;
  readonly inputs: readonly number[];
  readonly results: readonly number[];
  readonly assigned: readonly { readonly variable: tf.Variable; readonly symbol: number }[];
}

let functionCount = 0;

/** Runs `fn` once on symbols shaped like `args` and makes a TensorFlow function of the ops that it asked for. */
export function traceFunction(
  native: NativeEngine,
  backend: PhalanxBackend,
  fn: TensorFunction,
  name: string,
  config: Uint8Array,
  args: readonly tf.Tensor[],
): TracedCall {
  const variables = snapshotVariables(backend);
  const tensorsBefore = tf.memory().numTensors;
  // What was captured lives on until dispose(); a variable is asked for its value at each call.
  const kept: tf.Tensor[] = [];
  const release = () => kept.forEach((tensor) => tensor.dispose());
  const hold = (tensor: tf.TensorInfo): tf.Tensor => {
    const variable = variables.ownerOf(tensor.dataId);
    if (variable !== undefined) return variable;
    const shared = tf.keep(backend.share(tensor));
    kept.push(shared);
    return shared;
  };
  const trace = new Trace(native, name, hold);
  let recorded: Recorded;
  try {
    try {
      recorded = whileTracing(trace, () => record(backend, trace, fn, variables.assigned, args));
    } finally {
      variables.restore();
    }
    variables.check();
    const leaked = tf.memory().numTensors - tensorsBefore + variables.count - kept.length;
    if (leaked > 0) {
      throw new PhalanxError('engine/tensor-kept-in-trace', {
        what: `${leaked} tensors outlived the trace`,
        where: `the compiled function ${name}`,
        fix: 'Do not tf.keep tensors inside a compiled function; return them',
      });
    }
  } catch (error) {
    release();
    trace.discard();
    throw error;
  }

  const { structure, results, assigned } = recorded;
  const captures = [...trace.captures.values()];
  const captured = captures.map(({ holder }) => holder);
  const safeName = name.replace(/[^A-Za-z0-9_]/g, '_');
  const inputs = [...recorded.inputs, ...captures.map(({ symbol }) => symbol)];
  const outputs = [...assigned.map(({ symbol }) => symbol), ...results];
  const types = results.map((symbol) => trace.value(symbol));
  const assignedTypes = assigned.map(({ symbol }) => trace.value(symbol));
  const functionId = trace.finish(`phalanx_${safeName}_${functionCount++}`, inputs, outputs);

  return {
    run(callArgs) {
      const ids = [...callArgs, ...captured].map((tensor) => {
        if (!tensor.isDisposed) return backend.nativeIdOf(tensor);
        throw new PhalanxError('engine/disposed', {
          what: `${tensor instanceof tf.Variable ? `The variable ${tensor.name}` : 'An argument'} was disposed`,
          where: `a call of the compiled function ${name}`,
        });
      });
      const fallbacks = assigned.map(({ variable }) => backend.nativeIdOf(variable));
      const { outputs: numbers, done } = native.runFunction(functionId, config, ids, fallbacks);
      const tensorOf = (index: number, { type, shape }: { type: number; shape: readonly number[] }) =>
        backend.createOutputTensor({ id: numbers[index]!, shape: [...shape], dtype: type });
      assigned.forEach(({ variable }, index) => {
        const promised = tensorOf(index, assignedTypes[index]!);
        variable.assign(promised);
        promised.dispose();
      });
      const first = assigned.length;
      return {
        done: done.catch((error: unknown) => {
          for (const id of numbers.slice(first)) native.deleteTensor(id);
          throw error;
        }),
        result: () =>
          writeStructure(
            structure,
            types.map((type, index) => tensorOf(first + index, type)),
          ),
      };
    },
    dispose() {
      release();
      native.deleteFunction(functionId);
    },
  };
}

function record(
  backend: PhalanxBackend,
  trace: Trace,
  fn: TensorFunction,
  assignedVariables: () => tf.Variable[],
  args: readonly tf.Tensor[],
): Recorded {
  const scope = tf.engine();
  scope.startScope(trace.name);
  try {
    const inputs = args.map((arg, position) => {
      const type = backend.dataOf(arg).dtype;
      return trace.addInput(arg.shape, type, `argument ${position}`);
    });
    const symbols = args.map((arg, position) =>
      backend.createOutputTensor({
        id: inputs[position]!,
        shape: arg.shape,
        dtype: backend.dataOf(arg).dtype,
      }),
    );
    const returned = fn(...symbols);
    if (returned instanceof Promise) {
      throw (
        trace.failure ??
        new PhalanxError('engine/async-function', {
          what: 'The function returned a promise',
          where: `the compiled function ${trace.name}`,
          expected: 'a synchronous function of tensors',
        })
      );
    }
    const { structure, tensors } = readStructure(returned);
    const symbolOf = (tensor: tf.Tensor) => backend.getInputTensorIds([tensor])[0]!;
    const results = tensors.map(symbolOf);
    const assigned = assignedVariables().map((variable) => ({ variable, symbol: symbolOf(variable) }));
    return { structure, inputs, results, assigned };
  } finally {
    scope.endScope();
  }
}
