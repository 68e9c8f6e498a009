import { z } from 'zod';
import { PhalanxError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { borderModes } from '../pixels/geometry.ts';
import type { BorderMode } from '../pixels/geometry.ts';
import type { ImageSize } from '../pixels/image.ts';
import type { Window } from '../pixels/window.ts';
import { fillMask } from './fillMask.ts';
import type { FillMask } from './fillMask.ts';
import type { Move } from './move.ts';
import { fill } from './ranges.ts';

export const padPositions = [
  'center',
  'top_left',
  'top_right',
  'bottom_left',
  'bottom_right',
  'random',
] as const;
export type PadPosition = (typeof padPositions)[number];

export const padOptions = {
  /** Pad what is smaller than the crop, instead of refusing it. */
  padIfNeeded: z.boolean().default(false),
  /** Where the image lies in the padded one. */
  padPosition: z.enum(padPositions).default('center'),
  /** What lies beyond the edge, as OpenCV names it. */
  borderMode: z.enum(borderModes).default('constant'),
  fill,
  /** Labels beyond a constant border: 0 for none, or `unknown`, which no loss looks at. */
  fillMask,
};

interface Padding {
  readonly top: number;
  readonly left: number;
  /** Size of the padded image. */
  readonly width: number;
  readonly height: number;
}

/**
 * How an image is placed in one of at least the given size. Named corners are where the image goes (albumentations'
 * `adjust_padding_by_position`; its `top_right` and `bottom_left` are what they say here).
 */
export function padding(
  image: ImageSize,
  minWidth: number,
  minHeight: number,
  position: PadPosition,
  random: Random,
): Padding {
  const width = Math.max(image.width, minWidth);
  const height = Math.max(image.height, minHeight);
  const spareX = width - image.width;
  const spareY = height - image.height;
  const place = (): { top: number; left: number } => {
    switch (position) {
      case 'center':
        return { top: Math.floor(spareY / 2), left: Math.floor(spareX / 2) };
      case 'top_left':
        return { top: 0, left: 0 };
      case 'top_right':
        return { top: 0, left: spareX };
      case 'bottom_left':
        return { top: spareY, left: 0 };
      case 'bottom_right':
        return { top: spareY, left: spareX };
      case 'random': {
        const top = random.integer(0, spareY + 1);
        return { top, left: random.integer(0, spareX + 1) };
      }
    }
  };
  return { ...place(), width, height };
}

export interface CropOptions {
  readonly height: number;
  readonly width: number;
  readonly padIfNeeded: boolean;
  readonly padPosition: PadPosition;
  readonly borderMode: BorderMode;
  readonly fill: number | readonly number[];
  readonly fillMask: FillMask;
}

/** Pads if needed and asked for, then takes the window that `start` chooses in the spare rows and columns. */
export function cropMove(
  size: ImageSize,
  options: CropOptions,
  random: Random,
  start: (spareX: number, spareY: number) => { readonly x: number; readonly y: number },
): Move {
  if (!options.padIfNeeded) requireFit(size, options);
  const padded = padding(size, options.width, options.height, options.padPosition, random);
  const { x, y } = start(padded.width - options.width, padded.height - options.height);
  const window: Window = {
    x: x - padded.left,
    y: y - padded.top,
    width: options.width,
    height: options.height,
  };
  const { borderMode: border, fill, fillMask } = options;
  return { kind: 'window', window, border, fill, fillMask };
}

/** @throws PhalanxError `augment/crop-size` */
export function requireFit(image: ImageSize, crop: ImageSize): void {
  if (crop.height <= image.height && crop.width <= image.width) return;
  throw new PhalanxError('augment/crop-size', {
    what: 'The crop is larger than the image',
    expected: `at most ${image.width}×${image.height} pixels (width × height)`,
    received: `${crop.width}×${crop.height}`,
    fix: 'Make the crop smaller, resize first, or let a crop that can do so pad: padIfNeeded: true',
  });
}
