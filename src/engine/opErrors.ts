import { PhalanxError } from '../core/errors.ts';

/** An op that refused its inputs, at once or while a function was traced; the stack leads to who asked for it. */
export function opFailed(
  type: string,
  reason: string,
  cause: unknown,
  { inputs, where }: { inputs?: string; where?: string } = {},
): PhalanxError {
  const message = reason.startsWith(`${type}: `) ? reason.slice(type.length + 2) : reason;
  return withDeepStack(
    () =>
      new PhalanxError(
        'engine/op',
        {
          what: `The op ${type} failed${inputs === undefined ? '' : ` on ${inputs}`}`,
          ...(where === undefined ? {} : { where }),
          received: message.replace(/\.$/, ''),
        },
        { cause },
      ),
  );
}

/** Ten frames, V8's limit, end inside tfjs: the line that asked for the op lies deeper. */
export function withDeepStack<T>(body: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Math.max(limit, 100);
  try {
    return body();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
