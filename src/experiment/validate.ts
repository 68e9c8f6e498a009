import { z } from 'zod';
import { PhalanxError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';

/**
 * Parses what a person wrote against a schema.
 *
 * @param where the file, for the message.
 * @throws PhalanxError `experiment/invalid`: every wrong key by its path, with the nearest valid key or name.
 */
export function parseDeclared<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const described = result.error.issues.flatMap((issue) => describe(issue, schema, value));
  const [first, ...others] = described;
  throw new PhalanxError(
    'experiment/invalid',
    {
      what: described.length === 1 ? 'A setting is not valid' : `${described.length} settings are not valid`,
      where,
      received: [first, ...others].join('; '),
      fix: 'The settings and their ranges are listed in docs/reference/experiment.md',
    },
    { cause: result.error },
  );
}

function describe(issue: z.core.$ZodIssue, schema: z.ZodType, root: unknown): string[] {
  const path = issue.path.map(String);
  const at = path.length === 0 ? 'the experiment' : path.join('.');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const known = keysAt(schema, path, root);
        const hint = nearest(key, known);
        const name = [...path, key].join('.');
        if (hint !== undefined) return `${name} is not a setting; did you mean ${[...path, hint].join('.')}?`;
        return `${name} is not a setting (known here: ${known.join(', ')})`;
      });
    case 'invalid_union':
    case 'invalid_value': {
      const names = valuesAt(schema, path, root);
      const received = JSON.stringify(valueAt(root, path));
      if (names.length === 0) break;
      const hint = nearest(String(valueAt(root, path)), names);
      const meant = hint === undefined ? '' : `; did you mean ${JSON.stringify(hint)}?`;
      return [`${at} is ${received}, but must be one of ${names.join(', ')}${meant}`];
    }
    default:
  }
  const received = valueAt(root, path);
  const shown = received === undefined ? 'it is missing' : `it is ${shorten(JSON.stringify(received))}`;
  return [`${at}: ${issue.message} (${shown})`];
}

function shorten(text: string | undefined): string {
  if (text === undefined) return 'not data';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) value = (value as Record<string, unknown> | null | undefined)?.[key];
  return value;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Every alternative schema of the place at `path`, as far as the names written in the value choose between them. */
function schemasAt(schema: z.ZodType, path: readonly string[], root: unknown): JsonSchema[] {
  const top = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  let current = alternatives(top, top, root);
  let value = root;
  for (const key of path) {
    value = (value as Record<string, unknown> | null | undefined)?.[key];
    current = current.flatMap((candidate) => {
      const next = candidate.properties?.[key] ?? candidate.items ?? candidate.additionalProperties;
      return typeof next === 'object' && !Array.isArray(next) ? alternatives(next, top, value) : [];
    });
  }
  return current;
}

function alternatives(schema: JsonSchema, top: JsonSchema, value: unknown): JsonSchema[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace(/^#\/\$defs\//, '');
    const target = schema.$ref === '#' ? top : top.$defs?.[name];
    return target === undefined ? [] : alternatives(target, top, value);
  }
  const options = schema.anyOf ?? schema.oneOf;
  if (options === undefined) return [schema];
  const expanded = options.flatMap((option) => alternatives(option, top, value));
  const name = (value as Record<string, unknown> | null | undefined)?.['name'];
  const chosen = expanded.filter((option) => {
    const property = option.properties?.['name'];
    return typeof property === 'object' && property.const === name;
  });
  return chosen.length > 0 ? chosen : expanded;
}

function keysAt(schema: z.ZodType, path: readonly string[], root: unknown): string[] {
  return [
    ...new Set(schemasAt(schema, path, root).flatMap((option) => Object.keys(option.properties ?? {}))),
  ];
}

/** The literal values that a place may have. */
function valuesAt(schema: z.ZodType, path: readonly string[], root: unknown): string[] {
  const own = schemasAt(schema, path, root).flatMap((option) => [
    ...(option.const === undefined ? [] : [option.const]),
    ...(option.enum ?? []),
  ]);
  return [...new Set(own.map(String))];
}
