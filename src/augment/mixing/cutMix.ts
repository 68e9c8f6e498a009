import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import type { Raster } from '../../pixels/geometry.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { uninitialized, uninitializedPlanes } from '../../pixels/memory.ts';
import type { Window } from '../../pixels/window.ts';
import { probability } from '../definition.ts';

/**
 * A rectangle of the image is replaced by the same rectangle of another (S. Yun et al., "CutMix", 2019). Labels are
 * those of the pixels.
 */
export const cutMixSchema = z.strictObject({
  name: z.literal('CutMix'),
  /** Parameter of the Beta distribution of the share of pixels that stay. */
  alpha: z.number().positive().max(1000).default(1),
  p: probability(0.5),
});

/** The rectangle, as torchvision's `CutMix.make_params` draws it: a share of the area, cut off at the edges. */
export function drawCutMix({ width, height }: ImageSize, alpha: number, random: Random): Window {
  const half = 0.5 * Math.sqrt(1 - random.beta(alpha, alpha));
  const side = (length: number): readonly [number, number] => {
    const centre = random.integer(0, length);
    const reach = Math.trunc(half * length);
    return [Math.max(0, centre - reach), Math.min(length, centre + reach)];
  };
  const [x, right] = side(width);
  const [y, bottom] = side(height);
  return { x, y, width: right - x, height: bottom - y };
}

/** The first image with a window of the second; both of one shape. */
export function pasteWindow(into: Raster, from: Raster, { x, y, width, height }: Window): Raster {
  const { image, planes } = into;
  const { channels } = image;
  const data = uninitialized(image.data.length);
  data.set(image.data);
  const outPlanes = uninitializedPlanes(planes.length, image.width * image.height);
  for (const [p, plane] of planes.entries()) outPlanes[p]!.set(plane);
  for (let row = y; row < y + height; row++) {
    const first = row * image.width + x;
    const end = first + width;
    data.set(from.image.data.subarray(first * channels, end * channels), first * channels);
    for (const [p, plane] of from.planes.entries()) outPlanes[p]!.set(plane.subarray(first, end), first);
  }
  return { image: { ...image, data }, planes: outPlanes };
}
