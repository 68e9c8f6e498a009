import { z } from 'zod';
import { assembleModel } from './registry.ts';
import { decoderNames, decoderSchemas } from './decoders/options.ts';
import type { DecoderName } from './decoders/options.ts';
import { encoderNames, encoderSchema, encoderSchemas } from './encoders/options.ts';
import type { EncoderName } from './encoders/options.ts';
import { createEncoder } from './encoders/registry.ts';
import { parseModel } from './modelSchema.ts';
import { publishedWeights } from './weights/origins.ts';
import { suitableEncoders } from './decoders/limits.ts';
import { assembleVolumeModel, parseVolumeModel } from './volumes/buildVolumeModel.ts';
import { volumeNames, volumeSchemas } from './volumes/options.ts';
import type { VolumeName } from './volumes/options.ts';

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
  /** Names of published weights, for the option `weights`; `phalanx model import` says where they are. */
  readonly weights: readonly string[];
}

export interface DecoderEntry {
  readonly name: DecoderName;
  readonly options: readonly OptionEntry[];
  /** Those it can stand on; none where it is a whole network. */
  readonly encoders: readonly EncoderName[];
  /** Of the whole model, for colour images and one class, on `example`. */
  readonly parameters: number;
  /** Absent where it is a whole network. */
  readonly example?: EncoderName;
}

/** A network for volumes. */
export interface VolumeEntry {
  readonly name: VolumeName;
  readonly options: readonly OptionEntry[];
  /** For one channel and one class. */
  readonly parameters: number;
}

/** What a decoder is shown on, if it can stand on it. */
const EXAMPLE = 'resnet34';

/** Every encoder, decoder and network for volumes with its options and sizes, read from the schema and the trees themselves. */
export function listModels(): {
  readonly encoders: readonly EncoderEntry[];
  readonly decoders: readonly DecoderEntry[];
  readonly volumes: readonly VolumeEntry[];
} {
  return {
    encoders: encoderNames.map(describeEncoder),
    decoders: decoderNames.map(describeDecoder),
    volumes: volumeNames.map(describeVolumeNetwork),
  };
}

function describeEncoder(name: EncoderName): EncoderEntry {
  const encoder = createEncoder(encoderSchema.parse({ name }), 3);
  return {
    name,
    options: describeOptions(encoderSchemas[name]),
    channels: encoder.outChannels,
    strides: encoder.outChannels.map((_, stage) => Math.min(2 ** stage, encoder.outputStride)),
    parameters: encoder.parameterCount,
    weights: publishedWeights(name),
  };
}

function describeDecoder(name: DecoderName): DecoderEntry {
  const encoders = suitableEncoders(name);
  const example = encoders.includes(EXAMPLE) ? EXAMPLE : encoders[0];
  const foundation = example === undefined ? {} : { encoder: { name: example } };
  const model = assembleModel(parseModel({ decoder: { name }, ...foundation, inChannels: 3, classes: 1 }));
  return {
    name,
    options: describeOptions(decoderSchemas[name]),
    encoders,
    parameters: model.parameterCount,
    ...(example !== undefined && { example }),
  };
}

function describeVolumeNetwork(name: VolumeName): VolumeEntry {
  const model = assembleVolumeModel(parseVolumeModel({ decoder: { name }, inChannels: 1, classes: 1 }));
  return { name, options: describeOptions(volumeSchemas[name]), parameters: model.parameterCount };
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
