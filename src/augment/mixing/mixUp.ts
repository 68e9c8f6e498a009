import { z } from 'zod';
import { probability } from '../definition.ts';

/**
 * The values of two images, averaged with a random share of each, with both their labels, each to its share (H. Zhang
 * et al., "mixup", 2018). Must come last.
 */
export const mixUpSchema = z.strictObject({
  name: z.literal('MixUp'),
  /** Parameter of the Beta distribution of the shares; below 1 one image mostly dominates. */
  alpha: z.number().positive().max(1000).default(0.4),
  p: probability(0.5),
});
