import { densenetNames, mixTransformerNames, vggNames } from '../encoders/options.ts';
import type { EncoderName } from '../encoders/options.ts';
import type { DecoderName } from './options.ts';

/** What a decoder can stand on; it takes every encoder and depth that is not excluded here. */
export interface Limits {
  readonly encoders?: readonly EncoderName[];
  readonly excluded?: readonly EncoderName[];
  readonly depths?: readonly number[];
  /** What the decoder does with its encoder that others do not bear; follows the decoder's name in a message. */
  readonly because: string;
}

/** Encoders that halve the resolution by pooling, which no dilation replaces. */
export const undilatedEncoders = [...vggNames, ...densenetNames] as const;

const dilated = {
  excluded: undilatedEncoders,
  because: 'dilates the last convolutions with strides',
} as const;

// torchvision dilates no basic blocks.
const bottlenecks = {
  encoders: ['resnet50', 'resnet101', 'resnet152', 'resnext50_32x4d', 'resnext101_32x8d', 'wide_resnet50_2'],
  depths: [5],
  because: 'dilates the last stages of its encoder',
} as const;

const withoutHalf = {
  excluded: mixTransformerNames,
  because: "needs features at half the image's resolution",
} as const;

export const limits = {
  linknet: withoutHalf,
  unetplusplus: withoutHalf,
  deeplabv3: dilated,
  deeplabv3plus: dilated,
  'deeplabv3-torchvision': bottlenecks,
  fcn: bottlenecks,
} as const satisfies Partial<Record<DecoderName, Limits>>;

type LimitsOf<Name extends DecoderName> = Name extends keyof typeof limits ? (typeof limits)[Name] : unknown;

export type SuitableEncoder<Name extends DecoderName> =
  LimitsOf<Name> extends { readonly encoders: readonly (infer Suitable extends EncoderName)[] }
    ? Suitable
    : LimitsOf<Name> extends { readonly excluded: readonly (infer Unsuitable extends EncoderName)[] }
      ? Exclude<EncoderName, Unsuitable>
      : EncoderName;

export type SuitableDepth<Name extends DecoderName> =
  LimitsOf<Name> extends { readonly depths: readonly (infer Suitable)[] } ? Suitable : 3 | 4 | 5;

export function limitsOf(decoder: DecoderName): Limits | undefined {
  return (limits as Partial<Record<DecoderName, Limits>>)[decoder];
}
