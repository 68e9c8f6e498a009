import { inspect } from 'node:util';
import type { z } from 'zod';
import { PhalanxError } from '../core/errors.ts';
import { listed, nearest } from '../core/nearest.ts';
import { isVolumeName } from '../models/volumes/options.ts';
import { keysAt, kindsAt, valuesAt } from './schemaPlaces.ts';

/** Defects named in one message. */
const maxNamed = 20;

/**
 * Parses what a person wrote against a schema.
 *
 * @param where the file, for the message.
 * @throws PhalanxError `experiment/invalid`: every wrong key by its path, with the nearest valid key or name.
 */
export function parseDeclared<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const defects = result.error.issues
    .flatMap((issue) => settle(issue))
    .flatMap((issue) => describe(issue, schema, value));
  const more = defects.length - maxNamed;
  throw new PhalanxError(
    'experiment/invalid',
    {
      what: defects.length === 1 ? 'A setting is not valid' : `${defects.length} settings are not valid`,
      where,
      details: more > 0 ? [...defects.slice(0, maxNamed), `and ${more} more`] : defects,
      fix: 'The settings and their ranges are listed in docs/reference/experiment.md',
    },
    { cause: result.error },
  );
}

type Issue = z.core.$ZodIssue;

/** Where a value fits only one alternative's kind, the defects within that alternative instead of "fits none". */
function settle(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const alike = issue.errors.filter(
    (branch) => !branch.some(({ path, code }) => path.length === 0 && /^invalid_(type|value)$/.test(code)),
  );
  if (alike.length !== 1) return [issue];
  return alike[0]!.flatMap((inner) => settle({ ...inner, path: [...issue.path, ...inner.path] }));
}

function describe(issue: Issue, schema: z.ZodType, root: unknown): string[] {
  const path = issue.path.map(String);
  const at = path.length === 0 ? 'the declaration' : shorten(path.join('.'));
  const value = valueAt(root, path);
  const but = value === undefined ? 'but is missing' : `but is ${show(value)}`;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(schema, path, root);
      return issue.keys.map((key) => {
        const hint = nearest(key.slice(0, 100), known);
        const meant =
          hint === undefined
            ? `known here: ${known.join(', ')}`
            : `did you mean ${[...path, hint].join('.')}?`;
        return `${shorten([...path, key].join('.'))} is not a setting (${meant})`;
      });
    }
    case 'invalid_union':
    case 'invalid_value': {
      const names = valuesAt(schema, path, root);
      if (names.length === 0) {
        if (value === undefined) return [`${at} is missing`];
        return [`${at} must be ${kindsAt(schema, path, root).join(' or ')}, ${but}`];
      }
      return [`${at} must be one of ${listed(names)}, ${but}${meantBy(value, names)}`];
    }
    case 'invalid_type':
      return [value === undefined ? `${at} is missing` : `${at} must be ${kind(issue.expected)}, ${but}`];
    case 'too_small': {
      const { origin, minimum, inclusive } = issue;
      if (origin === 'array') return [`${at} must have at least ${minimum} entries, ${but}`];
      if (origin === 'string') return [`${at} must not be empty`];
      return [`${at} must be ${inclusive === false ? 'above' : 'at least'} ${minimum}, ${but}`];
    }
    case 'too_big': {
      const { origin, maximum, inclusive } = issue;
      if (origin === 'array') return [`${at} must have at most ${maximum} entries, ${but}`];
      return [`${at} must be ${inclusive === false ? 'below' : 'at most'} ${maximum}, ${but}`];
    }
    default:
      return [`${at}: ${issue.message} (it is ${show(value)})`];
  }
}

function meantBy(value: unknown, names: readonly string[]): string {
  if (isVolumeName(value)) return ' (a network for volumes: experiments train on images)';
  const hint = typeof value === 'string' ? nearest(value.slice(0, 100), names) : undefined;
  return hint === undefined ? '' : ` (did you mean ${hint}?)`;
}

const kinds: Readonly<Record<string, string>> = {
  object: 'an object',
  record: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function kind(expected: string): string {
  return kinds[expected] ?? expected;
}

function show(value: unknown): string {
  if (typeof value === 'string') return shorten(JSON.stringify(value));
  return shorten(
    inspect(value, { depth: 2, breakLength: Infinity, maxArrayLength: 10, maxStringLength: 60 }),
  );
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) value = (value as Record<string, unknown> | null | undefined)?.[key];
  return value;
}
