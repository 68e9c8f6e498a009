import { PhalanxError, messageOf } from '../core/errors.ts';

/** An op that refused its inputs, at once or while a function was traced; the stack leads to who asked for it. */
export function opFailed(
  type: string,
  reason: string,
  cause: unknown,
  { inputs, where }: { inputs?: string; where?: string } = {},
): PhalanxError {
  return withDeepStack(
    () =>
      new PhalanxError(
        'engine/op',
        {
          what: `The op ${type} failed${inputs === undefined ? '' : ` on ${inputs}`}`,
          ...(where === undefined ? {} : { where }),
          received: reasonOf(type, reason),
        },
        { cause },
      ),
  );
}

/**
 * A call of a compiled function that failed while it ran.
 *
 * @param inputs the call's arguments, described
 * @param sites where each op was asked for while the function was traced
 */
export function callFailed(
  name: string,
  inputs: string,
  thrown: unknown,
  sites: ReadonlyMap<string, Error>,
): PhalanxError {
  const message = messageOf(thrown);
  // The last node is the one that failed; those before it are the functions around it.
  const node = [...message.matchAll(/\{\{node ([^}]+)\}\}/g)].at(-1)?.[1];
  const site = node === undefined ? undefined : sites.get(node);
  const where = site === undefined ? undefined : userLine(site);
  const op = site === undefined ? '' : ` in the op ${node!.replace(/_\d+$/, '')}`;
  const called = inputs === '' ? '' : ` on ${inputs}`;
  return new PhalanxError(
    'engine/run',
    {
      what: `The compiled function ${name} failed${called}${op}`,
      ...(where === undefined ? {} : { where }),
      received: reasonOf(/^[^:\s]+(?=: )/.exec(message)?.[0] ?? '', message),
    },
    { cause: site ?? thrown },
  );
}

/** TensorFlow's sentence, without the names that it puts around it and what it writes below. */
function reasonOf(type: string, message: string): string {
  const [sentence] = (message.startsWith(`${type}: `) ? message.slice(type.length + 2) : message)
    .replace(/\{\{function_node [^}]*\}\}\s*/g, '')
    .replaceAll('/job:localhost/replica:0/task:0/device:', '')
    .split(/\n|; NodeDef: /);
  return sentence!.trim().replace(/\.$/, '');
}

/** Where packages' lines are said to be: as they are installed, and as tfjs' source maps name them. */
const packages = /\/(?:node_modules|tfjs-[a-z-]+\/src)\//;

/** The first line of a stack that is neither the engine's nor a package's. */
function userLine({ stack = '' }: Error): string | undefined {
  const own = new URL('.', import.meta.url).pathname;
  return stack
    .split('\n')
    .flatMap((line) => /\(?((?:file:\/\/)?\/[^()]+:\d+):\d+\)?$/.exec(line)?.[1] ?? [])
    .map((place) => place.replace(/^file:\/\//, ''))
    .find((place) => !packages.test(place) && !place.startsWith(own));
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
