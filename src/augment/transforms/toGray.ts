import { z } from 'zod';
import { greyMethods, toGrey } from '../../pixels/grey.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { withImage } from '../sample.ts';

/** Replaces colours by grey, repeated over the channels, whose number stays; the weighted average is of three. */
export const ToGray = defineTransform(
  'ToGray',
  { method: z.enum(greyMethods).default('weighted_average'), p: probability(0.5) },
  async (sample, { method }) => withImage(sample, await toGrey(sample.image, method)),
  {
    channelDefect: ({ method }, channels) =>
      channels === 1 || channels === 3 || method !== 'weighted_average'
        ? undefined
        : "takes images of 1 or 3 channels, or with method 'average', 'max' or 'desaturation' of any number",
  },
);

export const toGray = builderOf(ToGray);
