import { z } from 'zod';
import { addNormalNoise } from '../../pixels/filters.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { range } from '../ranges.ts';
import { withImage } from '../sample.ts';

/** Adds Gaussian noise; standard deviation and mean are fractions of 255. */
export const GaussNoise = defineTransform(
  'GaussNoise',
  {
    stdRange: range([0.2, 0.44], [0, 1]),
    meanRange: range([0, 0], [-1, 1]),
    perChannel: z.boolean().default(true),
    p: probability(0.5),
  },
  async (sample, options, random) => {
    const standardDeviation = 255 * random.uniform(...options.stdRange);
    const mean = 255 * random.uniform(...options.meanRange);
    const seed = random.bits();
    const shared = !options.perChannel;
    return withImage(sample, await addNormalNoise(sample.image, { seed, mean, standardDeviation, shared }));
  },
);

export const gaussNoise = builderOf(GaussNoise);
