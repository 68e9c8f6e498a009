import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import type { PhalanxBackend } from './backend.ts';
import { cancellationOf } from './cancellation.ts';
import type { GraphBuilder, NativeEngine } from './native.ts';
import { readStructure, writeStructure } from './structure.ts';
import type { Structure } from './structure.ts';
import { callerIn } from './origin.ts';
import type { TensorSpec } from './signature.ts';
import { Trace, whileTracing } from './trace.ts';
import type { TraceOptions } from './trace.ts';
import { snapshotVariables } from './variables.ts';

export type TensorFunction = (...args: tf.Tensor[]) => tf.TensorContainer;

export interface TraceRequest {
  readonly native: NativeEngine;
  readonly backend: PhalanxBackend;
  readonly fn: TensorFunction;
  readonly name: string;
  /** What the arguments are. */
  readonly specs: readonly TensorSpec[];
}

/** A traced function bound to what it captured. */
export interface TracedCall {
  /** Queues a call, which `signal` may cancel; `result` makes the returned tensors once `done` is resolved. */
  run(
    args: readonly tf.Tensor[],
    signal?: AbortSignal,
  ): { done: Promise<void>; result: () => tf.TensorContainer };
  /** The place that asked for the node of this name, `file:line:column`; the function is traced anew to find it. */
  placeOf(node: string): string | undefined;
  dispose(): void;
}

export interface Recorded {
  readonly structure: Structure;
  readonly inputs: readonly number[];
  readonly results: readonly number[];
  readonly assigned: readonly { readonly variable: tf.Variable; readonly symbol: number }[];
}

let functionCount = 0;

export interface Traced {
  readonly trace: Trace;
  readonly recorded: Recorded;
  /** Frees what the trace captured. */
  readonly release: () => void;
}

/** Runs `fn` once on symbols of `specs`. */
export function runOnSymbols(
  { native, backend, fn, name, specs }: Omit<TraceRequest, 'native'> & { readonly native: GraphBuilder },
  options: TraceOptions = {},
): Traced {
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
  const trace = new Trace(native, name, hold, options);
  try {
    let recorded: Recorded;
    try {
      recorded = whileTracing(trace, () => record(backend, trace, fn, variables.assigned, specs));
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
    return { trace, recorded, release };
  } catch (error) {
    release();
    trace.discard();
    throw error;
  }
}

/** Makes a TensorFlow function of the ops that `fn` asks for. */
export function traceFunction(request: TraceRequest, config: Uint8Array): TracedCall {
  const { native, backend, name } = request;
  const { trace, recorded, release } = runOnSymbols(request);
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
    run(callArgs, signal) {
      const ids = [...callArgs, ...captured].map((tensor) => {
        if (!tensor.isDisposed) return backend.nativeIdOf(tensor);
        throw new PhalanxError('engine/disposed', {
          what: `${tensor instanceof tf.Variable ? `The variable ${tensor.name}` : 'An argument'} was disposed`,
          where: `a call of the compiled function ${name}`,
        });
      });
      const fallbacks = assigned.map(({ variable }) => backend.nativeIdOf(variable));
      const cancellation = cancellationOf(native, signal);
      let call;
      try {
        call = native.runFunction(functionId, config, ids, fallbacks, cancellation.id);
      } catch (error) {
        cancellation.release();
        throw error;
      }
      const { outputs: numbers, done } = call;
      assigned.forEach(({ variable }, index) => {
        backend.assignNative(variable, numbers[index]!, assignedTypes[index]!.type);
      });
      const results = numbers.slice(assigned.length);
      return {
        done: done
          .catch((error: unknown) => {
            for (const id of results) native.deleteTensor(id);
            throw error;
          })
          .finally(() => cancellation.release()),
        result: () =>
          writeStructure(
            structure,
            types.map(({ type, shape }, index) =>
              backend.createOutputTensor({ id: results[index]!, shape: [...shape], dtype: type }),
            ),
          ),
      };
    },
    placeOf(node) {
      try {
        const { trace: again, release: releaseAgain } = runOnSymbols(request, { watched: node });
        releaseAgain();
        again.discard();
        return again.watchedStack === undefined ? undefined : callerIn(again.watchedStack);
      } catch {
        // What it captured may be gone by now; the failure that asks for the place matters more.
        return undefined;
      }
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
  specs: readonly TensorSpec[],
): Recorded {
  const scope = tf.engine();
  scope.startScope(trace.name);
  try {
    const inputs = specs.map(({ shape, type }, position) =>
      trace.addInput(shape, type, `argument ${position}`),
    );
    const symbols = specs.map(({ shape, type }, position) =>
      backend.createOutputTensor({ id: inputs[position]!, shape: [...shape], dtype: type }),
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
