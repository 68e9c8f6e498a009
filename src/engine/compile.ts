import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError, messageOf } from '../core/errors.ts';
import { configProto } from './configProto.ts';
import { reasonOf } from './opErrors.ts';
import { nodeIn } from './origin.ts';
import { startedEngine } from './running.ts';
import { describeSpec, differenceOf } from './signature.ts';
import type { TensorSpec } from './signature.ts';
import { resolvePrecision } from './precision.ts';
import type { Precision } from './precision.ts';
import { activeTrace } from './trace.ts';
import { traceFunction } from './traceFunction.ts';
import type { TensorFunction, TracedCall } from './traceFunction.ts';

export interface CompileOptions {
  /** Names the function in errors. */
  readonly name: string;
  /** Default `auto`. */
  readonly precision?: Precision;
  /** Told of each trace when it is done. */
  readonly onTrace?: ((report: TraceReport) => void) | undefined;
}

/** What a trace came to. */
export interface TraceReport {
  /** Name of the compiled function. */
  readonly name: string;
  /** How many times it has been traced by now; 1 for the first. */
  readonly traces: number;
  /** For which JavaScript was blocked. */
  readonly seconds: number;
  /** Why it was traced again: which arguments differ from those it was traced for before. */
  readonly reason?: string;
}

export interface Compiled<Args extends readonly tf.Tensor[], R extends tf.TensorContainer> {
  /**
   * Queues a call and resolves to what the function returns, computed off the JavaScript thread. Calls run in the
   * order in which they were made. A variable that the function assigns has its new value at once for all that is
   * queued later; reading it (`await variable.data()`) waits for the call. If the call fails it keeps the old value.
   */
  (...args: Args): Promise<R>;
  /**
   * The same function for calls that may be cancelled. When `signal` is aborted, a call that has not begun never
   * runs, and one that is running ends as soon as TensorFlow looks; both are rejected with `engine/aborted`, whose
   * cause is the signal's reason, and their variables keep the values from before. Calls behind them go on from
   * those. A call that was complete by then resolves.
   */
  withSignal(signal: AbortSignal | undefined): (...args: Args) => Promise<R>;
  /** How many times the function was traced: once for each combination of argument shapes and types. */
  readonly traces: number;
  /** Frees the traced functions and the tensors they captured. Calls under way still end. */
  dispose(): void;
}

/**
 * Makes one TensorFlow function of a function of tensors: forward, backward and update together if it trains.
 *
 * `fn` runs once per signature, on symbols: shapes are inferred, nothing is computed, no value can be read. It must
 * be synchronous. What it captures becomes an input: variables by their value at each call, other tensors by the
 * value they have while tracing. What it assigns to variables becomes an output. Whatever it returns comes back in
 * the same structure; numbers and strings as they were while tracing.
 *
 * @throws PhalanxError (as a rejection of the call) `engine/aborted`, `engine/run`,
 *   `engine/not-started`, `engine/op`, `engine/value-read-in-trace`,
 *   `engine/random-in-trace`, `engine/unknown-shape`, `engine/variable-created-in-trace`, `engine/tensor-kept-in-trace`
 */
export function compile<Args extends readonly tf.Tensor[], R extends tf.TensorContainer>(
  fn: (...args: Args) => R,
  { name, precision = 'auto', onTrace }: CompileOptions,
): Compiled<Args, R> {
  const traced = new Map<string, { readonly specs: readonly TensorSpec[]; readonly call: TracedCall }>();
  let traces = 0;
  let disposed = false;

  const tracedFor = (args: Args): { key: string; call: TracedCall } => {
    const { native, backend, info } = startedEngine();
    const specs = args.map((arg) => ({ type: backend.dataOf(arg).dtype, shape: arg.shape }));
    const key = specs.map(describeSpec).join(', ');
    const known = traced.get(key);
    if (known !== undefined) return { key, call: known.call };
    const started = performance.now();
    const bfloat16 = resolvePrecision(precision, info.bfloat16) === 'bfloat16';
    const config = configProto({ bfloat16, threads: info.threads });
    const request = { native, backend, fn: fn as unknown as TensorFunction, name, specs };
    const call = traceFunction(request, config);
    const seconds = (performance.now() - started) / 1000;
    const earlier = [...traced.values()].map((each) => each.specs);
    traced.set(key, { specs, call });
    traces++;
    onTrace?.({
      name,
      traces,
      seconds,
      ...(earlier.length === 0 ? {} : { reason: differenceOf(specs, earlier) }),
    });
    return { key, call };
  };

  const call = async (signal: AbortSignal | undefined, args: Args): Promise<R> => {
    const aborted = (cause: unknown) =>
      new PhalanxError(
        'engine/aborted',
        { what: `The call of the compiled function ${name} was cancelled` },
        { cause },
      );
    startedEngine();
    if (disposed) {
      throw new PhalanxError('engine/disposed', {
        what: `The compiled function ${name} was called after dispose()`,
      });
    }
    const outer = activeTrace();
    if (outer !== undefined) {
      outer.failure = new PhalanxError('engine/nested-trace', {
        what: `The compiled function ${name} was called while another was traced`,
        where: `the compiled function ${outer.name}`,
        fix: 'Call the plain function instead of the compiled one: it becomes part of the outer one',
      });
      return new Promise<R>(() => undefined);
    }
    args.forEach((arg: unknown, position) => {
      if (arg instanceof tf.Tensor) return;
      throw new PhalanxError('engine/argument', {
        what: `Argument ${position} is not a tensor`,
        where: `a call of the compiled function ${name}`,
        received: arg === null ? 'null' : typeof arg,
        fix: 'Pass numbers as tf.scalar(...): what is not a tensor would be fixed by the first call',
      });
    });
    if (isAborted(signal)) throw aborted(signal?.reason);
    const { key, call: ready } = tracedFor(args);
    const { result, done } = ready.run(args, signal);
    try {
      await done;
    } catch (cause) {
      if (isAborted(signal)) throw aborted(signal?.reason);
      const node = nodeIn(messageOf(cause));
      const place = node === undefined ? undefined : ready.placeOf(node);
      throw new PhalanxError(
        'engine/run',
        {
          what: `The compiled function ${name} failed${key === '' ? '' : ` on ${key}`}`,
          ...(place === undefined ? {} : { where: `${node} of ${place}` }),
          received: reasonOf(messageOf(cause)),
        },
        { cause },
      );
    }
    return result() as R;
  };

  return Object.defineProperty(
    Object.assign((...args: Args) => call(undefined, args), {
      withSignal:
        (signal: AbortSignal | undefined) =>
        (...args: Args) =>
          call(signal, args),
      dispose: () => {
        disposed = true;
        for (const each of traced.values()) each.call.dispose();
        traced.clear();
      },
    }),
    'traces',
    { get: () => traces },
  ) as unknown as Compiled<Args, R>;
}

/** Asked before and after the call, in which it may change. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
