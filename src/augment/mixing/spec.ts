import { z } from 'zod';
import { probability } from '../definition.ts';
import { copyPasteSchema } from './copyPaste.ts';
import { cutMixSchema } from './cutMix.ts';
import { mixUpSchema } from './mixUp.ts';
import { mosaicSchema } from './mosaic.ts';
import { ricapSchema } from './ricap.ts';

/** A mix that is no choice of others. */
export const singleMixSchema = z.discriminatedUnion('name', [
  mixUpSchema,
  cutMixSchema,
  mosaicSchema,
  ricapSchema,
  copyPasteSchema,
]);

/** One of several, chosen in proportion to their `p`, or (by default half of the time) none. */
const oneOfSchema = z.strictObject({
  name: z.literal('OneOf'),
  /** Each with its `p`, which is its weight here. */
  transforms: z
    .array(singleMixSchema)
    .min(1)
    .max(100)
    .refine((transforms) => transforms.some(({ p }) => p > 0), {
      error: 'at least one needs p above 0 to be chosen',
    }),
  p: probability(0.5),
});

const mixSchema = z.discriminatedUnion('name', [
  mixUpSchema,
  cutMixSchema,
  mosaicSchema,
  ricapSchema,
  copyPasteSchema,
  oneOfSchema,
]);

/** How training samples are mixed with others of their fold, after `augmentation`, in order. */
export const mixingSchema = z
  .array(mixSchema)
  .max(100)
  .superRefine((mixes, context) => {
    const early = mixes.slice(0, -1).findIndex(canBlend);
    if (early < 0) return;
    context.addIssue({
      code: 'custom',
      path: [early],
      message: 'MixUp must come last: what it gives has two labels in every pixel',
    });
  })
  .readonly();

export type SingleMix = z.output<typeof singleMixSchema>;
/** A mix with every option filled in. */
export type Mix = z.output<typeof mixSchema>;
/** A mix as a person writes it. */
export type MixSpec = z.input<typeof mixSchema>;

/** Whether what it gives may be blended of two samples. */
export function canBlend(mix: Mix): boolean {
  return mix.name === 'OneOf' ? mix.transforms.some(canBlend) : mix.name === 'MixUp';
}
