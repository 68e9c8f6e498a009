import { identity, warpOptions, warpSample } from '../affine.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { symmetricRange } from '../ranges.ts';

/** Rotates about the centre by an angle in degrees (counter-clockwise as seen) drawn from the limit. */
export const Rotate = defineTransform(
  'Rotate',
  { limit: symmetricRange([-90, 90], [-3600, 3600]), ...warpOptions, p: probability(0.5) },
  async (sample, options, random) =>
    warpSample(sample, { ...identity, rotate: random.uniform(...options.limit) }, options),
);

export const rotate = builderOf(Rotate);
