import { z } from 'zod';
import type { ImageSize } from '../../pixels/image.ts';
import type { WarpMap } from '../../pixels/warp.ts';
import { warpMove, warpOptions } from '../affine.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import { symmetricRange } from '../ranges.ts';

const modes = ['camera', 'fisheye'] as const;

/**
 * Distorts as a lens does, barrel or pincushion by the sign of the draw: `camera` by OpenCV's model with both radial
 * coefficients alike, in units of the sides; `fisheye` by one coefficient, in units of the half diagonal.
 */
export const OpticalDistortion = defineGeometric(
  'OpticalDistortion',
  {
    distortLimit: symmetricRange([-0.05, 0.05], [-100, 100]),
    mode: z.enum(modes).default('camera'),
    ...warpOptions,
    p: probability(0.5),
  },
  (size, options, random) => [
    warpMove(lens(size, random.uniform(...options.distortLimit), options.mode), size, options),
  ],
);

export const opticalDistortion = builderOf(OpticalDistortion);

function lens({ width, height }: ImageSize, drawn: number, mode: (typeof modes)[number]): WarpMap {
  const sourceCentre = [width / 2, height / 2] as const;
  // OpenCV is given float32 coefficients.
  const k = Math.fround(drawn);
  if (mode === 'camera') {
    // The new camera that OpenCV takes by default looks at the middle of the pixels.
    const centre = [(width - 1) / 2, (height - 1) / 2] as const;
    return { kind: 'radial', centre, sourceCentre, unit: [width, height], coefficients: [k, k] };
  }
  const radius = Math.hypot(...sourceCentre);
  return {
    kind: 'radial',
    centre: sourceCentre,
    sourceCentre,
    unit: [radius, radius],
    coefficients: [drawn, 0],
  };
}
