import { z } from 'zod';
import { PhalanxError } from '../core/errors.ts';
import { listed, nearest } from '../core/nearest.ts';

/** A strict zod object called `name`, whose unknown keys are answered with the nearest known one. */
export function namedOptions<Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) {
  return strictOptions({ name: z.literal(name), ...shape });
}

/** A strict zod object whose unknown keys are answered with the nearest known one. */
export function strictOptions<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const known = Object.keys(shape);
      return issue.keys.map((key) => `unknown option ${key}${didYouMean(key, known)}`).join('; ');
    },
  });
}

/** The message for a name that no entry of a registry has. */
export function unknownName(kind: string, received: unknown, known: readonly string[]): string {
  if (typeof received !== 'string') return `expected the name of ${kind}: ${listed(known)}`;
  return `there is no ${kind} called ${JSON.stringify(received)}${didYouMean(received, known)}; there are ${listed(known)}`;
}

/**
 * Checks options from outside the type system.
 *
 * @param where Named in the error, for example a file or the command line.
 * @throws PhalanxError `model/options` listing every wrong option by its path, with the nearest valid name.
 */
export function parseOptions<Output>(
  schema: z.ZodType<Output>,
  options: unknown,
  where = 'the model options',
): Output {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const defects = result.error.issues.map(({ path, message }) => {
    const key = path.join('.');
    return key === '' ? message : `${key}: ${message}`;
  });
  throw new PhalanxError('model/options', {
    what: 'The model cannot be built as described',
    where,
    received: defects.join('; '),
  });
}

function didYouMean(name: string, known: readonly string[]): string {
  const suggestion = nearest(name, known);
  return suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`;
}
