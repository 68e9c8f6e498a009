import { z } from 'zod';
import { convolve3x3 } from '../../pixels/filters.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { range } from '../ranges.ts';
import { withImage } from '../sample.ts';
import { blendedKernel } from './emboss.ts';

/** Sharpens with a Laplacian kernel, blended with the image by `alpha`; `lightness` weighs the centre. */
export const Sharpen = defineTransform(
  'Sharpen',
  {
    alpha: range([0.2, 0.5], [0, 1]),
    lightness: range([0.5, 1], [0, 100]),
    method: z.literal('kernel').default('kernel'),
    p: probability(0.5),
  },
  async (sample, options, random) => {
    const alpha = random.uniform(...options.alpha);
    const lightness = random.uniform(...options.lightness);
    const effect = [-1, -1, -1, -1, 8 + lightness, -1, -1, -1, -1];
    return withImage(sample, await convolve3x3(sample.image, blendedKernel(alpha, effect)));
  },
);

export const sharpen = builderOf(Sharpen);
