import { cropSample, padOptions } from '../crop.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { side } from '../ranges.ts';

/** Cuts height × width pixels out of the middle. */
export const CenterCrop = defineTransform(
  'CenterCrop',
  { height: side, width: side, ...padOptions, p: probability(1) },
  (sample, options, random) =>
    Promise.resolve(
      cropSample(sample, options, random, (spareX, spareY) => ({
        x: Math.floor(spareX / 2),
        y: Math.floor(spareY / 2),
      })),
    ),
);

export const centerCrop = builderOf(CenterCrop);
