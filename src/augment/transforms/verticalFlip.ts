import { flip } from '../../pixels/geometry.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { rasterOf, sampleOf } from '../sample.ts';

/** Swaps top and bottom. */
export const VerticalFlip = defineTransform('VerticalFlip', { p: probability(0.5) }, async (sample) =>
  sampleOf(await flip(rasterOf(sample), 'vertical'), sample),
);

export const verticalFlip = builderOf(VerticalFlip);
