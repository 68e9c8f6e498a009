import { z } from 'zod';
import { convolveSeparable } from '../../pixels/filters.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { rangeFrom } from '../ranges.ts';
import { withImage } from '../sample.ts';

/** Blurs with a Gaussian of standard deviation sigma, in pixels; a kernel size of 0 follows from sigma. */
export const GaussianBlur = defineTransform(
  'GaussianBlur',
  {
    blurLimit: z
      .union([z.int().min(0).max(4095), z.tuple([z.int().min(0), z.int().max(4095)]).readonly()])
      .default(0),
    sigmaLimit: rangeFrom(0, [0.5, 3], [0, 500]),
    p: probability(0.5),
  },
  async (sample, options, random) => {
    const sigma = random.uniform(...options.sigmaLimit);
    const [low, high] = typeof options.blurLimit === 'number' ? [0, options.blurLimit] : options.blurLimit;
    const kernel = gaussianKernel(sigma, random.integer(low, Math.max(low, high) + 1));
    return withImage(sample, await convolveSeparable(sample.image, kernel));
  },
);

export const gaussianBlur = builderOf(GaussianBlur);

/** Normalized samples of the Gaussian; size 0 takes 3.5 standard deviations to either side, even sizes the next odd. */
function gaussianKernel(sigma: number, size: number): Float32Array {
  const taps = size === 0 ? Math.trunc(sigma * 3.5) * 2 + 1 : size + 1 - (size % 2);
  const radius = taps >> 1;
  const weights = Array.from({ length: taps }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2));
  if (radius === 0 || sigma === 0) return Float32Array.from(weights, (_, i) => (i === radius ? 1 : 0));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}
