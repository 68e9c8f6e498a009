import { mixTransformerNames } from '../encoders/options.ts';
import type { EncoderName } from '../encoders/options.ts';
import type { DecoderName } from './options.ts';

/**
 * What a decoder can stand on; it takes every encoder and depth that is not excluded here. One without encoders is a
 * whole network by itself.
 */
export interface Limits {
  readonly encoders?: readonly EncoderName[];
  readonly excluded?: readonly EncoderName[];
  readonly depths?: readonly number[];
  /** What the decoder does with its encoder that others do not bear; follows the decoder's name in a message. */
  readonly because: string;
}

const wholeNetwork = { encoders: [], because: 'is a whole network' } as const;

export const limits = {
  unetplusplus: { excluded: mixTransformerNames, because: "needs features at half the image's resolution" },
  // torchvision dilates no basic blocks.
  fcn: {
    encoders: [
      'resnet50',
      'resnet101',
      'resnet152',
      'resnext50_32x4d',
      'resnext101_32x8d',
      'wide_resnet50_2',
    ],
    depths: [5],
    because: 'dilates the last stages of its encoder',
  },
  'unet-original': wholeNetwork,
} as const satisfies Partial<Record<DecoderName, Limits>>;

type LimitsOf<Name extends DecoderName> = Name extends keyof typeof limits ? (typeof limits)[Name] : unknown;

export type SuitableEncoder<Name extends DecoderName> =
  LimitsOf<Name> extends { readonly encoders: readonly (infer Suitable extends EncoderName)[] }
    ? Suitable
    : LimitsOf<Name> extends { readonly excluded: readonly (infer Unsuitable extends EncoderName)[] }
      ? Exclude<EncoderName, Unsuitable>
      : EncoderName;

/** Whether the decoder needs an encoder; the others are whole networks and take none. */
export type StandsOnEncoder<Name extends DecoderName> = [SuitableEncoder<Name>] extends [never]
  ? false
  : true;

export type SuitableDepth<Name extends DecoderName> =
  LimitsOf<Name> extends { readonly depths: readonly (infer Suitable)[] } ? Suitable : 3 | 4 | 5;

export function limitsOf(decoder: DecoderName): Limits | undefined {
  return (limits as Partial<Record<DecoderName, Limits>>)[decoder];
}

/** See the type of the same name. */
export function standsOnEncoder(decoder: DecoderName): boolean {
  return limitsOf(decoder)?.encoders?.length !== 0;
}
