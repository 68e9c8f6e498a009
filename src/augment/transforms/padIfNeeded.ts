import { z } from 'zod';
import { borderModes } from '../../pixels/geometry.ts';
import { padding, padPositions } from '../crop.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import { fillMask } from '../fillMask.ts';
import { fill, side } from '../ranges.ts';

/** Pads to at least minHeight × minWidth pixels; `position` is where the image goes. */
export const PadIfNeeded = defineGeometric(
  'PadIfNeeded',
  {
    minHeight: side.default(1024),
    minWidth: side.default(1024),
    position: z.enum(padPositions).default('center'),
    borderMode: z.enum(borderModes).default('constant'),
    fill,
    /** Labels beyond a constant border: 0 for none, or `unknown`, which no loss looks at. */
    fillMask,
    p: probability(1),
  },
  (size, options, random) => {
    const { minWidth, minHeight, position, borderMode: border, fill, fillMask } = options;
    const { top, left, width, height } = padding(size, minWidth, minHeight, position, random);
    return [{ kind: 'window', window: { x: -left, y: -top, width, height }, border, fill, fillMask }];
  },
);

export const padIfNeeded = builderOf(PadIfNeeded);
