import { flip } from '../../pixels/geometry.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { rasterOf, sampleOf } from '../sample.ts';

/** Swaps left and right. */
export const HorizontalFlip = defineTransform('HorizontalFlip', { p: probability(0.5) }, async (sample) =>
  sampleOf(await flip(rasterOf(sample), 'horizontal'), sample),
);

export const horizontalFlip = builderOf(HorizontalFlip);
