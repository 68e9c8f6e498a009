import { z } from 'zod';
import { limitsOf, standsOnEncoder, undilatedEncoders } from './decoders/limits.ts';
import { modalitiesDefect } from './decoders/modalities.ts';
import type { StandsOnEncoder, SuitableDepth, SuitableEncoder } from './decoders/limits.ts';
import { decoderSchema } from './decoders/options.ts';
import type { DecoderConfig, DecoderName, DecoderOptions } from './decoders/options.ts';
import { encoderNames, encoderSchema, mixTransformerNames } from './encoders/options.ts';
import type { EncoderConfig, EncoderName, EncoderOptions } from './encoders/options.ts';
import { parseOptions, strictOptions, unknownName } from './options.ts';

interface Sizes {
  /** Channels of the image. */
  readonly inChannels: number;
  /** Logits per pixel. */
  readonly classes: number;
}

/** Type parameters say what a decoder can stand on, so that an impossible pair does not compile. */
interface Pair<Decoder, Encoder> extends Sizes {
  readonly decoder: Decoder;
  readonly encoder: Encoder;
}

interface Whole<Decoder> extends Sizes {
  readonly decoder: Decoder;
  readonly encoder?: undefined;
}

/** A model as a person writes it; a decoder that is a whole network goes without encoder. */
export type ModelOptions = {
  [Name in DecoderName]: StandsOnEncoder<Name> extends true
    ? Pair<
        DecoderOptions<Name>,
        EncoderOptions<SuitableEncoder<Name>> & { depth?: SuitableDepth<Name> | undefined }
      >
    : Whole<DecoderOptions<Name>>;
}[DecoderName];

/** A model with every default filled in; as good as the options it came from wherever those are taken. */
export type ModelConfig<Name extends DecoderName = DecoderName> = {
  [N in Name]: StandsOnEncoder<N> extends true ? PairConfig<N> : Whole<DecoderConfig<N>>;
}[Name];

/** `ModelConfig` of a decoder that stands on an encoder. */
export type PairConfig<Name extends DecoderName> = Pair<
  DecoderConfig<Name>,
  EncoderConfig<SuitableEncoder<Name>> & { depth: SuitableDepth<Name> }
>;

/** What is wrong with there being an encoder, or none; undefined where nothing is. */
export function encoderDefect(decoder: DecoderName, encoder: unknown): string | undefined {
  if (standsOnEncoder(decoder))
    return encoder === undefined ? unknownName('encoder', encoder, encoderNames) : undefined;
  return encoder === undefined ? undefined : `${decoder} is a whole network and takes no encoder`;
}

/** What is wrong with a decoder where every pixel of an image needs its logits, by its option; undefined where nothing is. */
export function paddingDefect(decoder: DecoderConfig): string | undefined {
  if (!('padding' in decoder) || decoder.padding) return undefined;
  return `without padding, ${decoder.name} gives logits of the middle of an image only; set it to true`;
}

const defaultChannels = [256, 128, 64, 32, 16];

/** Output channels of a U-Net's blocks, deepest first. */
export function decoderChannels(
  { channels }: Pick<DecoderConfig<'unet'>, 'channels'>,
  { depth }: Pick<EncoderConfig, 'depth'>,
): readonly number[] {
  return channels ?? defaultChannels.slice(-depth);
}

/** Whether the original puts two more convolutions between this encoder and a U-Net's decoder. */
export function hasCenter({ name }: Pick<EncoderConfig, 'name'>): boolean {
  return name.startsWith('vgg');
}

/** Squeeze-and-excitation divides channels by this. */
export const SCSE_REDUCTION = 16;

/** Groups of channels that the normalization of an FPN's branches takes together. */
export const FPN_GROUPS = 32;

/** Resolutions of an FPN's pyramid, which stands on as many of the encoder's deepest features. */
const FPN_LEVELS = 4;

function isMixTransformer(name: EncoderName): boolean {
  return (mixTransformerNames as readonly EncoderName[]).includes(name);
}

type Refuse = (path: readonly string[], message: string) => void;

type Check<Name extends DecoderName> = (
  decoder: DecoderConfig<Name>,
  encoder: EncoderConfig,
  refuse: Refuse,
  inChannels: number,
) => void;

const checkChannels: Check<
  'unet' | 'unetplusplus' | 'attention-unet' | 'manet' | 'multi-input-unet' | 'dual-branch-unet'
> = (decoder, encoder, refuse) => {
  const channels = decoderChannels(decoder, encoder);
  if (channels.length !== encoder.depth) {
    const expected = `${encoder.depth} numbers, one per stage of the encoder`;
    refuse(['decoder', 'channels'], `expected ${expected}, received ${channels.length}`);
  }
};

const checkUnet: Check<'unet' | 'unetplusplus' | 'multi-input-unet' | 'dual-branch-unet'> = (
  decoder,
  encoder,
  refuse,
  inChannels,
) => {
  checkChannels(decoder, encoder, refuse, inChannels);
  const channels = decoderChannels(decoder, encoder);
  if (decoder.attentionType === 'scse' && channels.some((count) => count < SCSE_REDUCTION)) {
    refuse(
      ['decoder', 'channels'],
      `scse attention needs at least ${SCSE_REDUCTION} channels in every block`,
    );
  }
};

const checkFPN: Check<'fpn'> = ({ segmentationChannels }, { name, depth }, refuse) => {
  if (segmentationChannels % FPN_GROUPS !== 0) {
    refuse(
      ['decoder', 'segmentationChannels'],
      `expected a multiple of ${FPN_GROUPS}, received ${segmentationChannels}`,
    );
  }
  if (depth < 5 && isMixTransformer(name)) {
    refuse(['encoder', 'depth'], `fpn needs all four features of ${name}: depth must be 5`);
  }
};

const checkPAN: Check<'pan'> = ({ encoderOutputStride }, { name }, refuse) => {
  if (encoderOutputStride === 32 || !(undilatedEncoders as readonly EncoderName[]).includes(name)) return;
  refuse(
    ['decoder', 'encoderOutputStride'],
    `${name} halves the resolution by pooling and cannot be dilated: set it to 32`,
  );
};

/** Feature maps that deep supervision can put heads on. */
const supervised: { readonly [Name in DecoderName]?: (depth: number) => number } = {
  unetplusplus: (depth) => depth - 2,
  unet3plus: (depth) => depth - 1,
  fpn: () => FPN_LEVELS,
};

type Supervised = Extract<DecoderConfig, { deepSupervision: unknown }>;

/** Weights of the losses of deep supervision, in the order of computation; undefined where there is none. */
export function sideWeights(
  { name, deepSupervision }: Supervised,
  { depth }: Pick<EncoderConfig, 'depth'>,
): readonly number[] | undefined {
  if (deepSupervision === false) return undefined;
  return deepSupervision === true ? new Array<number>(supervised[name]!(depth)).fill(1) : deepSupervision;
}

const checkSupervision: Check<Supervised['name']> = (decoder, encoder, refuse) => {
  const count = supervised[decoder.name]!(encoder.depth);
  const weights = sideWeights(decoder, encoder);
  if (weights === undefined || weights.length === count) return;
  refuse(
    ['decoder', 'deepSupervision'],
    `expected ${count} weights, one per feature map before the last, received ${weights.length}`,
  );
};

/** What else must hold between a decoder's options and its encoder's. */
const checks: { readonly [Name in DecoderName]?: Check<Name> } = {
  unet: checkUnet,
  unetplusplus: (...model) => {
    checkUnet(...model);
    checkSupervision(...model);
  },
  unet3plus: checkSupervision,
  'attention-unet': checkChannels,
  'multi-input-unet': (decoder, encoder, refuse, inChannels) => {
    checkUnet(decoder, encoder, refuse, inChannels);
    const defect = modalitiesDefect(decoder, inChannels);
    if (defect !== undefined) refuse(['decoder', 'inputs'], defect);
  },
  'dual-branch-unet': checkUnet,
  fpn: (...model) => {
    checkFPN(...model);
    checkSupervision(...model);
  },
  manet: checkChannels,
  pan: checkPAN,
};

const anyModel = strictOptions({
  decoder: decoderSchema,
  encoder: encoderSchema.optional(),
  inChannels: z.int().min(1).max(1024),
  classes: z.int().min(1).max(1024),
}).superRefine(({ decoder, encoder, inChannels }, context) => {
  const refuse: Refuse = (path, message) => context.addIssue({ code: 'custom', path: [...path], message });
  const defect = encoderDefect(decoder.name, encoder);
  if (defect !== undefined) refuse(['encoder'], defect);
  if (encoder === undefined || defect !== undefined) return;
  const { encoders, excluded, depths, because = '' } = limitsOf(decoder.name) ?? {};
  if (encoders?.includes(encoder.name) === false) {
    refuse(['encoder', 'name'], `${decoder.name} ${because} and needs one of ${encoders.join(', ')}`);
  }
  if (excluded?.includes(encoder.name) === true) {
    refuse(['encoder', 'name'], `${decoder.name} ${because}, which ${encoder.name} does not have`);
  }
  if (depths?.includes(encoder.depth) === false) {
    refuse(['encoder', 'depth'], `${decoder.name} ${because}: depth must be ${depths.join(' or ')}`);
  }
  // The table's type pairs each name with its own options, which TypeScript cannot follow through a union.
  (checks[decoder.name] as Check<DecoderName> | undefined)?.(decoder, encoder, refuse, inChannels);
});

/** Checks a model's options at run time and fills in the defaults; part of the experiment's schema. */
export const modelSchema = anyModel as unknown as z.ZodType<ModelConfig, ModelOptions>;

/**
 * Checks options from outside the type system.
 *
 * @param where Named in the error, for example a file or the command line.
 * @throws PhalanxError `model/options` listing every wrong option by its path, with the nearest valid name.
 */
export function parseModel(options: unknown, where?: string): ModelConfig {
  return parseOptions(modelSchema, options, where);
}

/** As `parseModel`, for an encoder alone. */
export function parseEncoder(options: unknown, where: string): EncoderConfig {
  return parseOptions(encoderSchema, options, where);
}
