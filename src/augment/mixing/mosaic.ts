import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { probability } from '../definition.ts';
import { range } from '../ranges.ts';
import type { FourPatches } from './patches.ts';

/**
 * A window over four images that lie side by side, two by two (YOLOv4), as albumentations' Mosaic with its `gridYx` of
 * [2, 2] and cells and target of the image's size. The sample itself gives the largest part.
 */
export const mosaicSchema = z.strictObject({
  name: z.literal('Mosaic'),
  /** Where the window's centre may lie, of the places where it sees nothing beyond the four images. */
  centerRange: range([0.3, 0.7], [0, 1]),
  p: probability(0.5),
});

/** Where the window of a mosaic lies, as albumentations' `calculate_mosaic_center_point` draws it. */
export function drawMosaic(
  { width, height }: ImageSize,
  range: readonly [number, number],
  random: Random,
): FourPatches {
  /** How far the window is from the first image's edge. */
  const along = (length: number): number =>
    Math.min(Math.trunc((length + 1) * random.uniform(...range)), length);
  const [left, top] = [along(width), along(height)];
  const origins = [
    [left, top],
    [0, top],
    [left, 0],
    [0, 0],
  ] as const;
  return { cut: [width - left, height - top], origins };
}
