import { z } from 'zod';
import { singleMixSchema } from '../../src/augment/mixing/spec.ts';
import { transformSchema } from '../../src/augment/spec.ts';
import { code } from './markdown.ts';

/** A schema as zod writes it down, with `values` where that says too little. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly values?: string;
  readonly description?: string;
}

export function describedSchema(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const values =
        (zodSchema as unknown) === transformSchema
          ? '[transform](#augmentation)'
          : (zodSchema as unknown) === singleMixSchema
            ? '[mix](#mixing)'
            : zodSchema._zod.def.type === 'union'
              ? undefined
              : rangeValues(zodSchema as unknown as z.ZodType);
      if (values !== undefined) jsonSchema['values'] = values;
    },
  }) as Schema;
}

/**
 * The bounds of a range live in a check that JSON Schema cannot express, so the schema itself is asked: it names them
 * when it refuses a range the wrong way round, and shows what it makes of a single number.
 */
function rangeValues(schema: z.ZodType): string | undefined {
  const refused = schema.safeParse([1, 0]).error?.issues[0]?.message ?? '';
  const [, low, high] = /low ≤ high, both from (\S+) to (\S+)$/.exec(refused) ?? [];
  if (low === undefined || high === undefined) return undefined;
  const bounds = `${code('[low, high]')} within ${number(Number(low))} to ${number(Number(high))}`;
  const accepted = [Number(high), Math.abs(Number(low))]
    .map((value) => schema.safeParse(value))
    .find(({ success }) => success);
  if (accepted === undefined) return bounds;
  const [from, to] = accepted.data as readonly [number, number];
  if (from === to) return `${bounds}, or one number`;
  return `${bounds}, or ${code('v')} for ${code(from === -to ? '[-v, v]' : `[${from}, v]`)}`;
}

/** What a place may hold, for a person to read. */
export function valuesOf(schema: Schema): string {
  const { type, anyOf, oneOf, items, prefixItems, properties, additionalProperties } = schema;
  if (schema.values !== undefined) return schema.values;
  const options = anyOf ?? oneOf;
  if (options !== undefined) {
    const words = [...new Set(options.map(valuesOf))];
    return words.join(options.every((option) => option.const !== undefined) ? ', ' : ', or ');
  }
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(literal).join(', ');
  if (prefixItems !== undefined) {
    const inner = [...new Set(prefixItems.map(valuesOf))];
    const each = inner.length === 1 ? `, each ${inner[0]!}` : `: ${inner.join(', ')}`;
    return `list of ${prefixItems.length}${each}`;
  }
  if (type === 'array') return listOf(schema, items ?? {});
  if (properties !== undefined) {
    const entries = Object.entries(properties);
    const inner = [...new Set(entries.map(([, property]) => valuesOf(property)))];
    const each = inner.length === 1 && entries.length > 1 ? 'each ' : '';
    return `${keysOf(schema)}, ${each}${inner.join(', ')}`;
  }
  if (typeof additionalProperties === 'object') {
    return `${code('{ name: value, … }')}, each ${valuesOf(additionalProperties)}`;
  }
  if (type === 'boolean') return `${code('true')}, ${code('false')}`;
  if (type === 'null') return code('null');
  if (type === 'integer' || type === 'number') return numberValues(schema);
  if (type === 'string') return schema.format === 'uri' ? 'URL' : textValues(schema);
  return 'any JSON value';
}

/** The keys of an object, as it would be written. */
export function keysOf({ properties = {} }: Schema): string {
  return code(`{ ${Object.keys(properties).join(', ')} }`);
}

/** A default as it would be written; empty where there is none. */
export function defaultOf({ default: value, anyOf = [] }: Schema): string {
  if (value !== undefined) return literal(value);
  // What is left out is also offered to the alternatives of a union.
  return anyOf.map(defaultOf).find((found) => found !== '') ?? '';
}

function literal(value: unknown): string {
  if (Array.isArray(value)) {
    return code(value.length === 0 ? '[]' : `[${value.map((item) => plain(item)).join(', ')}]`);
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${key}: ${plain(item)}`);
    return code(entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`);
  }
  return code(plain(value));
}

function plain(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`;
  // 4/3 is meant, not its first 17 digits.
  return typeof value === 'number' ? String(Number(value.toPrecision(6))) : JSON.stringify(value);
}

/** In prose, with a true minus sign. */
function number(value: number): string {
  return plain(value).replace('-', '−');
}

function listOf({ minItems = 0, maxItems = Infinity }: Schema, items: Schema): string {
  const least = minItems > 0 ? [`at least ${minItems}`] : [];
  const most = maxItems < Infinity ? [`at most ${maxItems}`] : [];
  const length = [...least, ...most].join(', ');
  const inner = valuesOf(items).replace(/^(whole number|number)/, '$1s');
  return `list of ${inner}${length === '' ? '' : ` (${length})`}`;
}

function numberValues({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string {
  const noun = type === 'integer' ? 'whole number' : 'number';
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const least = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  if (least !== undefined && most !== undefined) return `${noun}, ${number(least)} to ${number(most)}`;
  const bounds = [
    least === undefined ? undefined : `≥ ${number(least)}`,
    exclusiveMinimum === undefined ? undefined : `> ${number(exclusiveMinimum)}`,
    most === undefined ? undefined : `≤ ${number(most)}`,
    exclusiveMaximum === undefined ? undefined : `< ${number(exclusiveMaximum)}`,
  ].filter((bound) => bound !== undefined);
  return [noun, bounds.join(' and ')].filter(Boolean).join(' ');
}

function textValues({ pattern }: Schema): string {
  return pattern === undefined ? 'text' : `text matching ${code(pattern)}`;
}
