import type * as tf from '@tensorflow/tfjs-core';
import type { GraphBuilder, NativeTensor, OpAttribute, TensorValues } from '../native.ts';
import { startedEngine } from '../running.ts';
import type { TensorSpec } from '../signature.ts';
import { runOnSymbols } from '../traceFunction.ts';
import type { TensorFunction } from '../traceFunction.ts';

/** A TensorFlow op; its inputs and outputs are numbers of values. */
export interface GraphOp {
  /** For example `Conv2D`. */
  readonly type: string;
  readonly attributes: readonly OpAttribute[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** What a function of tensors computes, as data. */
export interface Graph {
  /** Type and shape of every value; a size that is told by the arguments only is -1. */
  readonly values: ReadonlyMap<number, TensorSpec>;
  /** Values that are known, weights among them. */
  readonly constants: ReadonlyMap<number, TensorValues>;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Each behind those whose outputs it takes. */
  readonly ops: readonly GraphOp[];
}

export interface RecordOptions {
  readonly name: string;
  /** What the arguments are. */
  readonly specs: readonly TensorSpec[];
  /** Values that an earlier recording read; what this one reads is added, so that weights are held once. */
  readonly read?: Map<tf.DataId, TensorValues>;
}

/**
 * Traces `fn` to ops that every TensorFlow knows, none of our own. What it captures, variables too, become constants
 * of the value that they have now.
 */
export function recordGraph(fn: TensorFunction, { name, specs, read = new Map() }: RecordOptions): Graph {
  const { native, backend } = startedEngine();
  const values = new Map<number, TensorSpec>();
  const constants = new Map<number, TensorValues>();
  const ops: GraphOp[] = [];
  const recorder: GraphBuilder = {
    newGraph: () => native.newGraph(),
    deleteGraph: (graph) => native.deleteGraph(graph),
    graphPlaceholder(graph, shape, type) {
      const value = native.graphPlaceholder(graph, shape, type);
      values.set(value, { shape, type });
      return value;
    },
    graphConstant(graph, shape, type, data) {
      const value = native.graphConstant(graph, shape, type, data);
      values.set(value, { shape, type });
      constants.set(value, data.slice());
      return value;
    },
    graphOp(graph, type, attributes, inputs, outputs): NativeTensor<readonly number[] | null>[] {
      const results = native.graphOp(graph, type, attributes, inputs, outputs);
      for (const { id, shape, dtype } of results) values.set(id, { shape: shape ?? [], type: dtype });
      ops.push({ type, attributes, inputs, outputs: results.map(({ id }) => id) });
      return results;
    },
    finishGraph: (graph, functionName, inputs, outputs) =>
      native.finishGraph(graph, functionName, inputs, outputs),
  };
  const { trace, recorded, release } = runOnSymbols(
    { native: recorder, backend, fn, name, specs },
    { portable: true },
  );
  try {
    const valueOf = (symbol: number) => trace.value(symbol).index;
    for (const { holder, symbol } of trace.captures.values()) {
      const data = read.get(holder.dataId) ?? native.tensorDataSync(backend.nativeIdOf(holder));
      read.set(holder.dataId, data);
      constants.set(valueOf(symbol), data);
    }
    const [inputs, outputs] = [recorded.inputs.map(valueOf), recorded.results.map(valueOf)];
    return { values, constants, inputs, outputs, ops: needed(ops, outputs) };
  } finally {
    release();
    trace.discard();
  }
}

/** Those of `ops` that `outputs` depend on. */
export function needed(ops: readonly GraphOp[], outputs: readonly number[]): GraphOp[] {
  const wanted = new Set(outputs);
  const kept = [...ops].reverse().filter((op) => {
    if (!op.outputs.some((output) => wanted.has(output))) return false;
    for (const input of op.inputs) wanted.add(input);
    return true;
  });
  return kept.reverse();
}
