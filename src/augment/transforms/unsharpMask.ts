import { z } from 'zod';
import { smoothingKernel } from '../../pixels/gaussian.ts';
import { unsharpMask as filter } from '../../pixels/unsharp.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { drawOdd, range, rangeFrom, windowSides } from '../ranges.ts';
import { withImage } from '../sample.ts';

/**
 * Adds `alpha` times what a Gaussian blur takes away, where that is more than `threshold` grey levels. A standard
 * deviation of 0 follows from the window's side.
 */
export const UnsharpMask = defineTransform(
  'UnsharpMask',
  {
    blurLimit: windowSides([3, 7]),
    sigmaLimit: rangeFrom(0, 0, [0, 500]),
    alpha: range([0.2, 0.5], [0, 1]),
    threshold: z.int().min(0).max(255).default(10),
    p: probability(0.5),
  },
  async (sample, options, random) => {
    const taps = drawOdd(options.blurLimit, random);
    const kernel = smoothingKernel(taps, random.uniform(...options.sigmaLimit));
    const alpha = random.uniform(...options.alpha);
    return withImage(sample, await filter(sample.image, kernel, alpha, options.threshold));
  },
);

export const unsharpMask = builderOf(UnsharpMask);
