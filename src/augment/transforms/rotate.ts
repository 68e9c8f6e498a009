import { z } from 'zod';
import type { ImageSize } from '../../pixels/image.ts';
import type { Window } from '../../pixels/window.ts';
import { affineMatrix, affineMove, identity, warpOptions } from '../affine.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import { symmetricRange } from '../ranges.ts';

/** Rotates about the centre by an angle in degrees (counter-clockwise as seen) drawn from the limit. */
export const Rotate = defineGeometric(
  'Rotate',
  {
    limit: symmetricRange([-90, 90], [-3600, 3600]),
    /** Cut out the largest upright rectangle without border; its size depends on the angle. */
    cropBorder: z.boolean().default(false),
    ...warpOptions,
    p: probability(0.5),
  },
  (size, options, random) => {
    const angle = random.uniform(...options.limit);
    const turned = affineMove(affineMatrix({ ...identity, rotate: angle }, size), size, options);
    if (!options.cropBorder) return [turned];
    const window = largestUpright(size, angle);
    const { borderMode: border, fill, fillMask } = options;
    return [turned, { kind: 'window', window, border, fill, fillMask }];
  },
);

export const rotate = builderOf(Rotate);

/** The largest upright rectangle in a turned one (albumentations' `_rotated_rect_with_max_area`). */
function largestUpright({ width, height }: ImageSize, degrees: number): Window {
  const angle = (degrees * Math.PI) / 180;
  const [sin, cos] = [Math.abs(Math.sin(angle)), Math.abs(Math.cos(angle))];
  const [long, short] = [Math.max(width, height), Math.min(width, height)];
  let [w, h] = [0, 0];
  if (short <= 2 * sin * cos * long || Math.abs(sin - cos) < 1e-10) {
    const half = short / 2;
    [w, h] = width >= height ? [half / sin, half / cos] : [half / cos, half / sin];
  } else {
    const cosTwice = cos * cos - sin * sin;
    [w, h] = [(width * cos - height * sin) / cosTwice, (height * cos - width * sin) / cosTwice];
  }
  const [left, right] = [
    Math.max(0, Math.trunc(width / 2 - w / 2)),
    Math.min(width, Math.trunc(width / 2 + w / 2)),
  ];
  const [top, bottom] = [
    Math.max(0, Math.trunc(height / 2 - h / 2)),
    Math.min(height, Math.trunc(height / 2 + h / 2)),
  ];
  return { x: left, y: top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}
