import { z } from 'zod';
import { interpolations } from '../../pixels/geometry.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import { side } from '../ranges.ts';
import { areaForDownscale, resizeMove } from '../resizeMove.ts';

/** Resizes to height × width, in pixels. */
export const Resize = defineGeometric(
  'Resize',
  {
    height: side,
    width: side,
    interpolation: z.enum(interpolations).default('linear'),
    areaForDownscale,
    p: probability(1),
  },
  (size, options) => [resizeMove(size, options, options)],
);

export const resize = builderOf(Resize);
