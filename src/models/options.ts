import { z } from 'zod';
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

function didYouMean(name: string, known: readonly string[]): string {
  const suggestion = nearest(name, known);
  return suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`;
}
