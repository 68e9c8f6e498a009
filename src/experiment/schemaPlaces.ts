import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The keys that an object at a place may have. */
export function keysAt(schema: z.ZodType, path: readonly string[], root: unknown): string[] {
  return distinct(schemasAt(schema, path, root).flatMap((option) => Object.keys(option.properties ?? {})));
}

/** The literal values that a place may have; none if it may have others besides. */
export function valuesAt(schema: z.ZodType, path: readonly string[], root: unknown): string[] {
  const options = schemasAt(schema, path, root).map((option) => {
    if (option.type === 'null') return ['null'];
    return [...(option.const === undefined ? [] : [option.const]), ...(option.enum ?? [])].map(String);
  });
  return options.some((values) => values.length === 0) ? [] : distinct(options.flat());
}

/** What may stand at a place, as a person says it: `a number`, `{ width, height }`. */
export function kindsAt(schema: z.ZodType, path: readonly string[], root: unknown): string[] {
  return distinct(
    schemasAt(schema, path, root).map((option) => {
      if (option.const !== undefined) return JSON.stringify(option.const);
      const name = option.properties?.['name'];
      if (typeof name === 'object' && name.const !== undefined) return '{ name, … }';
      if (option.properties !== undefined) return `{ ${Object.keys(option.properties).join(', ')} }`;
      switch (option.type) {
        case 'array':
          return 'a list';
        case 'integer':
          return 'a whole number';
        case 'string':
          return option.enum === undefined
            ? 'a text'
            : option.enum.map((name) => `"${String(name)}"`).join(', ');
        default:
          return option.type === undefined ? 'something else' : `a ${String(option.type)}`;
      }
    }),
  );
}

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
  const written = (value ?? {}) as Readonly<Record<string, unknown>>;
  const chosen = expanded.filter((option) => {
    const fixed = Object.entries(option.properties ?? {}).flatMap(([key, property]) =>
      typeof property === 'object' && property.const !== undefined ? [[key, property.const] as const] : [],
    );
    return fixed.length > 0 && fixed.every(([key, constant]) => written[key] === constant);
  });
  return chosen.length > 0 ? chosen : expanded;
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
