import { cropMove, padOptions } from '../crop.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import { side } from '../ranges.ts';

/** Cuts out height × width pixels at a random place. */
export const RandomCrop = defineGeometric(
  'RandomCrop',
  { height: side, width: side, ...padOptions, p: probability(1) },
  (size, options, random) => [
    cropMove(size, options, random, (spareX, spareY) => {
      const y = random.integer(0, spareY + 1);
      return { x: random.integer(0, spareX + 1), y };
    }),
  ],
);

export const randomCrop = builderOf(RandomCrop);
