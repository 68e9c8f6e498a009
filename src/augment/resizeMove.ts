import { z } from 'zod';
import type { Interpolation } from '../pixels/geometry.ts';
import type { ImageSize } from '../pixels/image.ts';
import type { Move } from './move.ts';

/**
 * `image`: average what falls into a pixel where the image shrinks; labels stay nearest. `image_mask`: a pixel's labels
 * are then those that cover at least half of it.
 */
export const areaForDownscale = z.enum(['image', 'image_mask']).nullable().default(null);

/** A resize as albumentations chooses its interpolation. */
export function resizeMove(
  from: ImageSize,
  { width, height }: ImageSize,
  options: {
    readonly interpolation: Interpolation;
    readonly areaForDownscale: z.output<typeof areaForDownscale>;
  },
): Move {
  const shrinks = from.width > width || from.height > height;
  const area = shrinks ? options.areaForDownscale : null;
  return {
    kind: 'resize',
    size: { width, height },
    method: area === null ? options.interpolation : 'area',
    labels: area === 'image_mask' ? 'area' : 'nearest',
  };
}
