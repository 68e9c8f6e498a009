import { cropMove, padOptions } from '../crop.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import { side } from '../ranges.ts';

/** Cuts height × width pixels out of the middle. */
export const CenterCrop = defineGeometric(
  'CenterCrop',
  { height: side, width: side, ...padOptions, p: probability(1) },
  (size, options, random) => [
    cropMove(size, options, random, (spareX, spareY) => ({
      x: Math.floor(spareX / 2),
      y: Math.floor(spareY / 2),
    })),
  ],
);

export const centerCrop = builderOf(CenterCrop);
