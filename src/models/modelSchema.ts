import { z } from 'zod';
import { PhalanxError } from '../core/errors.ts';
import { decoderSchema } from './decoders/options.ts';
import type { DecoderConfig, DecoderOptions } from './decoders/options.ts';
import { encoderSchema } from './encoders/options.ts';
import type { EncoderConfig, EncoderName, EncoderOptions } from './encoders/options.ts';
import { strictOptions } from './options.ts';

/** Encoders with bottleneck blocks, the only ones torchvision dilates. */
export const dilatedEncoders = ['resnet50'] as const satisfies readonly EncoderName[];

export type DilatedEncoder = (typeof dilatedEncoders)[number];

/** Type parameters say what a decoder can stand on, so that an impossible pair does not compile. */
interface Pair<Decoder, Encoder> {
  readonly decoder: Decoder;
  readonly encoder: Encoder;
  /** Channels of the image. */
  readonly inChannels: number;
  /** Logits per pixel. */
  readonly classes: number;
}

/** A model as a person writes it. */
export type ModelOptions =
  | Pair<DecoderOptions<'unet'>, EncoderOptions>
  | Pair<DecoderOptions<'unetplusplus'>, EncoderOptions>
  | Pair<DecoderOptions<'fcn'>, EncoderOptions<DilatedEncoder> & { depth?: 5 }>;

/** A model with every default filled in; as good as the options it came from wherever those are taken. */
export type ModelConfig =
  | Pair<DecoderConfig<'unet'>, EncoderConfig>
  | Pair<DecoderConfig<'unetplusplus'>, EncoderConfig>
  | Pair<DecoderConfig<'fcn'>, EncoderConfig<DilatedEncoder> & { depth: 5 }>;

const defaultChannels = [256, 128, 64, 32, 16];

/** Output channels of a U-Net's blocks, deepest first. */
export function decoderChannels(
  { channels }: Pick<DecoderConfig<'unet'>, 'channels'>,
  { depth }: Pick<EncoderConfig, 'depth'>,
): readonly number[] {
  return channels ?? defaultChannels.slice(-depth);
}

/** Squeeze-and-excitation divides channels by this. */
export const SCSE_REDUCTION = 16;

const anyModel = strictOptions({
  decoder: decoderSchema,
  encoder: encoderSchema,
  inChannels: z.int().min(1).max(1024),
  classes: z.int().min(1).max(1024),
}).superRefine(({ decoder, encoder }, context) => {
  const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (decoder.name === 'fcn') {
    if (!(dilatedEncoders as readonly string[]).includes(encoder.name)) {
      refuse(['encoder', 'name'], `fcn dilates its encoder and needs one of ${dilatedEncoders.join(', ')}`);
    }
    if (encoder.depth !== 5)
      refuse(['encoder', 'depth'], 'fcn uses every stage of its encoder: depth must be 5');
    return;
  }
  const channels = decoderChannels(decoder, encoder);
  if (channels.length !== encoder.depth) {
    const expected = `${encoder.depth} numbers, one per stage of the encoder`;
    refuse(['decoder', 'channels'], `expected ${expected}, received ${channels.length}`);
  }
  if (decoder.attentionType === 'scse' && channels.some((count) => count < SCSE_REDUCTION)) {
    refuse(
      ['decoder', 'channels'],
      `scse attention needs at least ${SCSE_REDUCTION} channels in every block`,
    );
  }
});

/** Checks a model's options at run time and fills in the defaults; part of the experiment's schema. */
export const modelSchema = anyModel as unknown as z.ZodType<ModelConfig, ModelOptions>;

/**
 * Checks options from outside the type system.
 *
 * @param where Named in the error, for example a file or the command line.
 * @throws PhalanxError `model/options` listing every wrong option by its path, with the nearest valid name.
 */
export function parseModel(options: unknown, where = 'the model options'): ModelConfig {
  const result = modelSchema.safeParse(options);
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
