import { PhalanxError } from '../core/errors.ts';

/** An op that refused its inputs, at once or while a function was traced; the stack leads to who asked for it. */
export function opFailed(
  type: string,
  reason: string,
  cause: unknown,
  { inputs, where }: { inputs?: string; where?: string } = {},
): PhalanxError {
  return new PhalanxError(
    'engine/op',
    {
      what: `The op ${type} failed${inputs === undefined ? '' : ` on ${inputs}`}`,
      ...(where === undefined ? {} : { where }),
      received: reasonOf(reason),
    },
    { cause },
  );
}

/** TensorFlow's sentence, without the names that it puts around it and what it writes below. */
export function reasonOf(message: string): string {
  const [sentence] = message
    .replace(/^[\w.]+: (?=.)/, '')
    .replace(/\{\{function_node [^}]*\}\}\s*/g, '')
    .replaceAll('/job:localhost/replica:0/task:0/device:', '')
    .split(/\n|; NodeDef: /);
  return sentence!.trim().replace(/\.$/, '');
}
