import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import { interpolations } from '../../pixels/geometry.ts';
import type { ImageSize } from '../../pixels/image.ts';
import type { Window } from '../../pixels/window.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import { range, side } from '../ranges.ts';
import { areaForDownscale, resizeMove } from '../resizeMove.ts';

/**
 * Cuts out a part of random area (`scale`, a fraction of the image) and aspect ratio (width / height) and resizes it
 * to `size`, `[height, width]` in pixels.
 */
export const RandomResizedCrop = defineGeometric(
  'RandomResizedCrop',
  {
    size: z.tuple([side, side]).readonly(),
    scale: range([0.08, 1], [0, 1]),
    ratio: range([0.75, 4 / 3], [1e-3, 1e3]),
    interpolation: z.enum(interpolations).default('linear'),
    areaForDownscale,
    p: probability(1),
  },
  (size, options, random) => {
    const window = randomWindow(size, options, random);
    const [height, width] = options.size;
    return [
      { kind: 'window', window, border: 'constant', fill: 0, fillMask: 0 },
      resizeMove(window, { width, height }, options),
    ];
  },
);

export const randomResizedCrop = builderOf(RandomResizedCrop);

function randomWindow(
  { width, height }: ImageSize,
  { scale, ratio }: { readonly scale: readonly [number, number]; readonly ratio: readonly [number, number] },
  random: Random,
): Window {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * random.uniform(...scale);
    const aspect = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const w = Math.round(Math.sqrt(area * aspect));
    const h = Math.round(Math.sqrt(area / aspect));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      const y = random.integer(0, height - h + 1);
      return { x: random.integer(0, width - w + 1), y, width: w, height: h };
    }
  }
  const [low, high] = ratio;
  const w = width / height > high ? Math.max(1, Math.round(height * high)) : width;
  const h = width / height < low ? Math.max(1, Math.round(width / low)) : height;
  return { x: Math.floor((width - w) / 2), y: Math.floor((height - h) / 2), width: w, height: h };
}
