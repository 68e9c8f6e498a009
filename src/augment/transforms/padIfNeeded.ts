import { z } from 'zod';
import { borderModes } from '../../pixels/geometry.ts';
import { copyWindow } from '../../pixels/window.ts';
import { padding, padPositions } from '../crop.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { fill, side } from '../ranges.ts';
import { rasterOf, sampleOf } from '../sample.ts';

/** Pads to at least minHeight × minWidth pixels; `position` is where the image goes. */
export const PadIfNeeded = defineTransform(
  'PadIfNeeded',
  {
    minHeight: side.default(1024),
    minWidth: side.default(1024),
    position: z.enum(padPositions).default('center'),
    borderMode: z.enum(borderModes).default('constant'),
    fill,
    p: probability(1),
  },
  (sample, options, random) => {
    const { minWidth, minHeight, position, borderMode, fill } = options;
    const { top, left, width, height } = padding(sample.image, minWidth, minHeight, position, random);
    const window = { x: -left, y: -top, width, height };
    return Promise.resolve(sampleOf(copyWindow(rasterOf(sample), window, borderMode, fill), sample));
  },
);

export const padIfNeeded = builderOf(PadIfNeeded);
