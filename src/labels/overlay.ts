import { PhalanxError } from '../core/errors.ts';
import { createImage } from '../pixels/image.ts';
import type { Image } from '../pixels/image.ts';
import { pictureOf } from '../pixels/picture.ts';
import { classColours } from './colours.ts';
import type { Rgb } from './colours.ts';
import type { LabelMap } from './labelMap.ts';

/** How label maps are drawn over an image. */
export interface OverlayOptions {
  /** Share of the class's colour in a pixel inside it, 0 (no fill) to 1 (opaque). */
  readonly opacity?: number;
  /** Width of the opaque outline, pixels, drawn inside the class; 0 for none. */
  readonly outlineWidth?: number;
  /** Colour of each class, `[classes]`. */
  readonly colours?: readonly Rgb[];
}

/**
 * Draws every class in its colour over what `pictureOf` shows of an image of the same size and gives an RGB image. Where
 * classes overlap, their colours alternate in diagonal stripes, so that the overlap and both classes can be seen.
 *
 * @throws PhalanxError `labels/overlay` when sizes differ.
 */
export function renderOverlay(image: Image, labels: LabelMap, options: OverlayOptions = {}): Image {
  const { width, height, classes, planes } = labels;
  if (image.width !== width || image.height !== height) {
    throw new PhalanxError('labels/overlay', {
      what: 'Labels can only be drawn over an image of their size',
      expected: `${width}×${height}`,
      received: `${image.width}×${image.height}`,
    });
  }
  const { opacity = 0.4, colours = classColours(classes) } = options;
  const { outlineWidth = Math.max(1, Math.round(Math.min(width, height) / 512)) } = options;
  const stripe = Math.max(2, Math.round(Math.min(width, height) / 256));
  const result = createImage(width, height, 3);
  const picture = pictureOf(image);
  const step = picture.channels;
  const second = step === 1 ? 0 : 1;
  for (let position = 0, from = 0, to = 0; position < width * height; position++, from += step, to += 3) {
    let red = picture.data[from]!;
    let green = picture.data[from + second]!;
    let blue = picture.data[from + 2 * second]!;
    for (let p = 0; p < planes.length; p++) {
      const plane = planes[p]!;
      if (plane[position] === 0) continue;
      const x = position % width;
      const y = (position - x) / width;
      const edge = outlineWidth > 0 ? edgeBits(plane, position, x, y, width, height, outlineWidth) : 0;
      const bits = edge === 0 ? plane[position]! : edge;
      const turn = Math.floor((x + y) / stripe) % bitCount(bits);
      const colour = colours[32 * p + nthBit(bits, turn)] ?? [255, 255, 255];
      const share = edge === 0 ? opacity : 1;
      red += (colour[0] - red) * share;
      green += (colour[1] - green) * share;
      blue += (colour[2] - blue) * share;
    }
    result.data[to] = red + 0.5;
    result.data[to + 1] = green + 0.5;
    result.data[to + 2] = blue + 0.5;
  }
  return result;
}

/** Classes of a pixel that one of the pixels `distance` away in the four directions lacks. */
function edgeBits(
  plane: Uint32Array,
  position: number,
  x: number,
  y: number,
  width: number,
  height: number,
  distance: number,
): number {
  let inner = plane[position]!;
  if (x >= distance) inner &= plane[position - distance]!;
  if (x + distance < width) inner &= plane[position + distance]!;
  if (y >= distance) inner &= plane[position - distance * width]!;
  if (y + distance < height) inner &= plane[position + distance * width]!;
  return plane[position]! & ~inner;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Index of the n-th set bit, from 0. */
function nthBit(bits: number, n: number): number {
  let rest = bits;
  for (let i = 0; i < n; i++) rest &= rest - 1;
  return 31 - Math.clz32(rest & -rest);
}
