import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError, messageOf } from '../core/errors.ts';
import { configProto } from './configProto.ts';
import { startedEngine } from './running.ts';
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
}

export interface Compiled<Args extends readonly tf.Tensor[], R extends tf.TensorContainer> {
  /**
   * Queues a call and resolves to what the function returns, computed off the JavaScript thread. Calls run in the
   * order in which they were made. A variable that the function assigns has its new value at once for all that is
   * queued later; reading it (`await variable.data()`) waits for the call. If the call fails it keeps the old value.
   */
  (...args: Args): Promise<R>;
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
 * @throws PhalanxError (as a rejection of the call) `engine/not-started`, `engine/op`, `engine/value-read-in-trace`,
 *   `engine/random-in-trace`, `engine/unknown-shape`, `engine/variable-created-in-trace`, `engine/tensor-kept-in-trace`
 */
export function compile<Args extends readonly tf.Tensor[], R extends tf.TensorContainer>(
  fn: (...args: Args) => R,
  { name, precision = 'auto' }: CompileOptions,
): Compiled<Args, R> {
  const traced = new Map<string, TracedCall>();
  let traces = 0;
  let disposed = false;

  const call = async (...args: Args): Promise<R> => {
    const { native, backend, info } = startedEngine();
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
    const key = args.map((arg) => `${backend.dataOf(arg).dtype}[${arg.shape.join(',')}]`).join(' ');
    let ready = traced.get(key);
    if (ready === undefined) {
      const bfloat16 = resolvePrecision(precision, info.bfloat16) === 'bfloat16';
      const config = configProto({ bfloat16, threads: info.threads });
      ready = traceFunction(native, backend, fn as unknown as TensorFunction, name, config, args);
      traced.set(key, ready);
      traces++;
    }
    const { result, done } = ready.run(args);
    try {
      await done;
    } catch (cause) {
      throw new PhalanxError(
        'engine/run',
        {
          what: `The compiled function ${name} failed on ${key}`,
          received: messageOf(cause).replace(/\.$/, ''),
        },
        { cause },
      );
    }
    return result() as R;
  };

  return Object.defineProperty(
    Object.assign(call, {
      dispose: () => {
        disposed = true;
        for (const each of traced.values()) each.dispose();
        traced.clear();
      },
    }),
    'traces',
    { get: () => traces },
  ) as unknown as Compiled<Args, R>;
}
