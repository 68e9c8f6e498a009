import { z } from 'zod';
import { assembleModel } from './registry.ts';
import { decoderNames, decoderSchemas } from './decoders/options.ts';
import type { DecoderName } from './decoders/options.ts';
import { encoderNames, encoderSchema, encoderSchemas } from './encoders/options.ts';
import type { EncoderName } from './encoders/options.ts';
import { createEncoder } from './encoders/registry.ts';
import { parseModel } from './modelSchema.ts';
import { limitsOf, standsOnEncoder } from './decoders/limits.ts';

export interface OptionEntry {
  readonly name: string;
  /** What it may be, for a person to read. */
  readonly values: string;
  /** Absent where the default depends on other options. */
  readonly default?: unknown;
}

export interface EncoderEntry {
  readonly name: EncoderName;
  readonly options: readonly OptionEntry[];
  /** Of every feature map for a colour image at full depth; the first, of its resolution, is mostly the image. */
  readonly channels: readonly number[];
  /** Pixels of the image per pixel of each feature map. */
  readonly strides: readonly number[];
  readonly parameters: number;
}

export interface DecoderEntry {
  readonly name: DecoderName;
  readonly options: readonly OptionEntry[];
  /** Parameters of the whole model by encoder, for colour images and one class; only encoders it can stand on. */
  readonly parameters: Readonly<Partial<Record<EncoderName, number>>>;
  /** Parameters of a decoder that is a whole network, for colour images and one class. */
  readonly ownParameters?: number;
}

/** Every encoder and decoder with its options and sizes, read from the schema and the trees themselves. */
export function listModels(): {
  readonly encoders: readonly EncoderEntry[];
  readonly decoders: readonly DecoderEntry[];
} {
  return { encoders: encoderNames.map(describeEncoder), decoders: decoderNames.map(describeDecoder) };
}

function describeEncoder(name: EncoderName): EncoderEntry {
  const encoder = createEncoder(encoderSchema.parse({ name }), 3);
  return {
    name,
    options: describeOptions(encoderSchemas[name]),
    channels: encoder.outChannels,
    strides: encoder.outChannels.map((_, stage) => Math.min(2 ** stage, encoder.outputStride)),
    parameters: encoder.parameterCount,
  };
}

function describeDecoder(name: DecoderName): DecoderEntry {
  const suitable = limitsOf(name)?.encoders ?? encoderNames;
  const count = (foundation: object): number =>
    assembleModel(parseModel({ decoder: { name }, ...foundation, inChannels: 3, classes: 1 })).parameterCount;
  const parameters = suitable.map((encoder) => [encoder, count({ encoder: { name: encoder } })]);
  return {
    name,
    options: describeOptions(decoderSchemas[name]),
    parameters: Object.fromEntries(parameters) as Partial<Record<EncoderName, number>>,
    ...(!standsOnEncoder(name) && { ownParameters: count({}) }),
  };
}

/** The parts of JSON Schema that options use. */
interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly default?: unknown;
}

function describeOptions(schema: z.ZodType): readonly OptionEntry[] {
  const { properties } = z.toJSONSchema(schema, { io: 'input' }) as {
    properties: Record<string, JsonSchema>;
  };
  return Object.entries(properties)
    .filter(([name]) => name !== 'name')
    .map(([name, property]) => ({
      name,
      values: describeValues(property),
      ...('default' in property && { default: property.default }),
    }));
}

function describeValues({
  type,
  enum: values,
  anyOf,
  items,
  minimum,
  maximum,
  exclusiveMaximum,
}: JsonSchema): string {
  if (anyOf !== undefined) return anyOf.map(describeValues).join(' | ');
  if (values !== undefined) return values.map(String).join(' | ');
  if (items !== undefined) return `list of ${describeValues(items)}`;
  const range = [
    minimum === undefined ? undefined : `≥ ${minimum}`,
    maximum === undefined ? undefined : `≤ ${maximum}`,
    exclusiveMaximum === undefined ? undefined : `< ${exclusiveMaximum}`,
  ].filter((bound) => bound !== undefined);
  return [type ?? 'anything', ...range].join(' ');
}
