import { medianBlur as filter } from '../../pixels/median.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { drawOdd, windowSides } from '../ranges.ts';
import { withImage } from '../sample.ts';

/** Takes the median of a square window, whose side in pixels is drawn from the odd numbers of the limit. */
export const MedianBlur = defineTransform(
  'MedianBlur',
  { blurLimit: windowSides([3, 7]), p: probability(0.5) },
  async (sample, options, random) =>
    withImage(sample, await filter(sample.image, drawOdd(options.blurLimit, random))),
);

export const medianBlur = builderOf(MedianBlur);
