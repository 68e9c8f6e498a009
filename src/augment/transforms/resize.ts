import { z } from 'zod';
import { interpolations } from '../../pixels/geometry.ts';
import { resize as resizeRaster } from '../../pixels/resize.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { side } from '../ranges.ts';
import { rasterOf, sampleOf } from '../sample.ts';

/** Resizes to height × width, in pixels. */
export const Resize = defineTransform(
  'Resize',
  {
    height: side,
    width: side,
    interpolation: z.enum(interpolations).default('linear'),
    p: probability(1),
  },
  async (sample, { width, height, interpolation }) =>
    sampleOf(await resizeRaster(rasterOf(sample), { width, height }, interpolation), sample),
);

export const resize = builderOf(Resize);
