import { z } from 'zod';
import { greyMethods, toGrey } from '../../pixels/grey.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { withImage } from '../sample.ts';

/** Replaces colours by grey, repeated over the channels, whose number stays. */
export const ToGray = defineTransform(
  'ToGray',
  { method: z.enum(greyMethods).default('weighted_average'), p: probability(0.5) },
  async (sample, { method }) => withImage(sample, await toGrey(sample.image, method)),
);

export const toGray = builderOf(ToGray);
