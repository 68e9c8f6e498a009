import type * as tf from '@tensorflow/tfjs-core';
import { PhalanxError, messageOf } from '../core/errors.ts';
import { attributeKind, nativeType } from './native.ts';
import type { GraphBuilder, NativeTensor, OpAttribute, TensorValues } from './native.ts';
import { opFailed } from './opErrors.ts';
import { describeSpec } from './signature.ts';
import type { TensorSpec } from './signature.ts';
import type { TensorData } from './tfjsNode.ts';

/** Host constants up to this many elements are written into the function; larger ones are filled or become inputs. */
const largestConstant = 4096;

/** Outputs whose shape TensorFlow does not tell and that only their own gradient op consumes. */
const opaqueOutputs = new Set(['FusedBatchNormV3:5', 'FusedBatchNormGradV3:3', 'FusedBatchNormGradV3:4']);

/** Symbolic tensors are numbered downwards from here, across all traces; -1 is tfjs-node's "not yet written". */
let nextSymbol = -2;

interface Value extends TensorSpec {
  /** Number of the value in the native graph. */
  readonly index: number;
  /** What it is, for errors. */
  readonly origin: string;
}

/** Data from outside that the traced function reads; it becomes an input of the function. */
export interface Capture {
  readonly holder: tf.Tensor;
  readonly symbol: number;
}

export interface TraceOptions {
  /** Node whose `watchedStack` is wanted. */
  readonly watched?: string | undefined;
  /** Keep to ops that every TensorFlow knows. Default false. */
  readonly portable?: boolean;
}

/** One function being recorded. Tensors of it are symbols: a type and a shape without values. */
export class Trace {
  readonly name: string;
  readonly captures = new Map<tf.DataId, Capture>();
  /** Made of ops that every TensorFlow knows. */
  readonly portable: boolean;
  /** Data written by the host while tracing; its values are known. */
  readonly hostData = new WeakSet();
  /** An error that could not be thrown where it happened. */
  failure: PhalanxError | undefined;
  /** The stack of who asked for the watched node. */
  watchedStack: string | undefined;
  readonly #native: GraphBuilder;
  readonly #hold: (tensor: tf.TensorInfo) => tf.Tensor;
  readonly #graph: number;
  readonly #values = new Map<number, Value>();
  readonly #hostSymbols = new WeakMap<tf.DataId, number>();
  readonly #watched: string | undefined;
  #nodes = 0;

  /**
   * @param hold gives the tensor that stands for captured data at each call
   */
  constructor(
    native: GraphBuilder,
    name: string,
    hold: (tensor: tf.TensorInfo) => tf.Tensor,
    { watched, portable = false }: TraceOptions = {},
  ) {
    this.name = name;
    this.portable = portable;
    this.#native = native;
    this.#hold = hold;
    this.#watched = watched;
    this.#graph = native.newGraph();
  }

  addInput(shape: readonly number[], type: number, origin: string): number {
    const index = this.#native.graphPlaceholder(this.#graph, shape, type);
    this.#nodes++;
    return this.#addValue({ index, origin, type, shape });
  }

  addConstant(shape: readonly number[], type: number, values: TensorValues): number {
    const index = this.#native.graphConstant(this.#graph, shape, type, values);
    this.#nodes++;
    return this.#addValue({ index, origin: 'a constant', type, shape });
  }

  /** The symbol of a tensor that a kernel was given. */
  symbolOf(tensor: tf.TensorInfo, data: TensorData, materialize: () => number): number {
    const { dataId } = tensor;
    if (data.values !== null && this.hostData.has(dataId)) {
      const known = this.#hostSymbols.get(dataId);
      if (known !== undefined) return known;
      const symbol = this.#hostConstant(data, data.values as TensorValues);
      if (symbol !== undefined) {
        this.#hostSymbols.set(dataId, symbol);
        return symbol;
      }
    }
    if (data.values === null && data.id < 0) return data.id;
    let capture = this.captures.get(dataId);
    if (capture === undefined) {
      materialize();
      const symbol = this.addInput(data.shape, data.dtype, 'a captured tensor');
      // Held from now on: the function may dispose it.
      capture = { holder: this.#hold(tensor), symbol };
      this.captures.set(dataId, capture);
    }
    return capture.symbol;
  }

  /** Values written while tracing as part of the function, or undefined when they are too many for that. */
  #hostConstant({ shape, dtype }: TensorData, values: TensorValues): number | undefined {
    if (values.length <= largestConstant) return this.addConstant(shape, dtype, values);
    if (!values.every((value: number | bigint) => value === values[0])) return undefined;
    const dimensions = this.addConstant([shape.length], nativeType.int32, Int32Array.from(shape));
    const filling = this.addConstant([], dtype, values.slice(0, 1));
    const types = [
      { name: 'T', type: attributeKind.type, value: dtype },
      { name: 'index_type', type: attributeKind.type, value: nativeType.int32 },
    ];
    return this.addOp('Fill', types, [dimensions, filling], 1)[0]!.id;
  }

  addOp(
    type: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): NativeTensor[] {
    const values = inputs.map((symbol) => this.value(symbol));
    let results: NativeTensor<readonly number[] | null>[];
    try {
      const indices = values.map(({ index }) => index);
      results = this.#native.graphOp(this.#graph, type, attributes, indices, outputs);
    } catch (cause) {
      const described = values.map(describeSpec).join(', ');
      throw opFailed(type, messageOf(cause), cause, { inputs: described, where: this.#where() });
    }
    // As the native graph names its nodes.
    if (this.#watched === `${type}_${this.#nodes}`) this.watchedStack = new Error().stack;
    this.#nodes++;
    return results.map(({ id, shape, dtype }, position) => {
      if (shape === null && !opaqueOutputs.has(`${type}:${position}`)) {
        throw new PhalanxError('engine/unknown-shape', {
          what: `The shape of ${type}'s result depends on values, which a trace does not have`,
          where: this.#where(),
          fix: `Use an op whose result's shape follows from its inputs' shapes, or call ${type} outside`,
        });
      }
      const known = shape ?? [0];
      return {
        id: this.#addValue({ index: id, origin: `${type}'s result`, type: dtype, shape: known }),
        shape: known,
        dtype,
      };
    });
  }

  value(symbol: number): Value {
    const value = this.#values.get(symbol);
    if (value !== undefined) return value;
    throw new PhalanxError('engine/symbol-escaped', {
      what: 'A tensor of an earlier trace was used',
      where: this.#where(),
      expected: 'tensors of this trace, its arguments, variables, or computed tensors',
      fix: 'Do not keep tensors from inside a compiled function; return them',
    });
  }

  /** Says that a value cannot be read, and of what. */
  refuseReading(data: TensorData): never {
    const origin = data.id < -1 ? this.value(data.id).origin : 'a captured tensor';
    this.failure = new PhalanxError('engine/value-read-in-trace', {
      what: `The value of ${origin} was read`,
      where: this.#where(),
      expected:
        'only operations on tensors: while a function is traced nothing is computed, so there are no values',
      fix: 'Return the tensor and read it outside, or use tf.where instead of branching on a value',
    });
    throw this.failure;
  }

  /** Turns what was recorded into a function that can be run. */
  finish(uniqueName: string, inputs: readonly number[], outputs: readonly number[]) {
    const index = (symbol: number) => this.value(symbol).index;
    return this.#native.finishGraph(this.#graph, uniqueName, inputs.map(index), outputs.map(index));
  }

  discard(): void {
    this.#native.deleteGraph(this.#graph);
  }

  #addValue(value: Value): number {
    const symbol = nextSymbol--;
    this.#values.set(symbol, value);
    return symbol;
  }

  #where(): string {
    return `the compiled function ${this.name}`;
  }
}

let active: Trace | undefined;

/** The trace that is recording now; tracing is synchronous, so there is at most one. */
export function activeTrace(): Trace | undefined {
  return active;
}

/** Runs `body` with every op recorded into `trace`. */
export function whileTracing<T>(trace: Trace, body: () => T): T {
  if (active !== undefined) {
    throw new PhalanxError('engine/nested-trace', {
      what: `The compiled function ${trace.name} was called while another was traced`,
      where: `the compiled function ${active.name}`,
      fix: 'Call the plain function instead of the compiled one: it becomes part of the outer one',
    });
  }
  const random = Math.random;
  active = trace;
  Math.random = () => {
    trace.failure = new PhalanxError('engine/random-in-trace', {
      what: 'A random number was drawn on the host',
      where: `the compiled function ${trace.name}`,
      expected: 'random ops with a seed tensor: a number drawn while tracing would be the same in every call',
      fix: 'Use randomUniform, randomNormal or dropout from src/engine/ops/random.ts',
    });
    throw trace.failure;
  };
  try {
    const result = body();
    if (trace.failure !== undefined) throw trace.failure;
    return result;
  } finally {
    active = undefined;
    Math.random = random;
  }
}
