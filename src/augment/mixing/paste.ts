import type { Sample } from '../../data/dataset.ts';
import type { Box } from '../../labels/boxes.ts';
import { allPlanes } from '../../labels/labelMap.ts';
import { classPose } from '../../labels/pose.ts';
import type { Pose } from '../../labels/pose.ts';
import { convolveSeparable } from '../../pixels/filters.ts';
import { invertAffine } from '../../pixels/affine.ts';
import type { AffineMatrix } from '../../pixels/affine.ts';
import type { Raster } from '../../pixels/geometry.ts';
import { smoothingKernel } from '../../pixels/gaussian.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { release } from '../../pixels/memory.ts';
import { warp } from '../../pixels/warp.ts';
import type { Window } from '../../pixels/window.ts';
import { rasterOf } from '../sample.ts';

/** Bones rounder than this have no direction that could be followed. */
const elongated = 1.5;

/** Most by which a pasted class is scaled, up or down. */
const maxScale = 1.5;

export interface PasteOptions {
  /** Its bit in the labels. */
  readonly classIndex: number;
  /** The class's boxes in the two samples; where the target has none, the class keeps its place. */
  readonly sourceBox: Box;
  readonly targetBox: Box | undefined;
  /** Shift the pasted values to the mean of those they cover. */
  readonly matchBrightness: boolean;
  /** Standard deviation of the transition at the border, pixels; 0 for a hard cut. */
  readonly blend: number;
}

/**
 * Writes the pixels of one class of `source`, with all labels that they carry, over `target`, moved, turned and scaled
 * to where the target has that class. Labels of covered pixels are gone, those beside them stay.
 *
 * @returns Number of pixels written.
 */
export async function pasteClass(target: Sample, source: Sample, options: PasteOptions): Promise<number> {
  const { classIndex, sourceBox, targetBox } = options;
  const from = classPose(source.labels, classIndex, sourceBox);
  if (from === undefined) return 0;
  const to = targetBox && classPose(target.labels, classIndex, targetBox);
  const matrix = alignment(from, to ?? from);
  const window = windowOf(matrix, sourceBox, target.image, Math.ceil(3 * options.blend));
  if (window === undefined) return 0;
  const inverse = invertAffine(shifted(matrix, window));
  const { width, height } = source.image;
  const moved = await warp(rasterOf(source), {
    steps: [{ map: { kind: 'affine', matrix: inverse }, width, height, fold: 'none' }],
    width: window.width,
    height: window.height,
    interpolation: 'linear',
    border: 'constant',
    fill: 0,
  });
  const mask = maskOf(moved, classIndex);
  const opacity = options.blend > 0 ? await softened(mask, window, options.blend) : mask;
  const shift = options.matchBrightness ? brightnessShift(target, moved, mask, window) : [0, 0, 0, 0];
  const written = write(target, moved, { mask, opacity, shift, window });
  release([moved.image.data, ...moved.planes]);
  return written;
}

/** Scale and turn about the source's centre of mass, which comes to lie on the target's. */
function alignment(from: Pose, to: Pose): AffineMatrix {
  const scale = Math.min(maxScale, Math.max(1 / maxScale, Math.sqrt(to.area / from.area)));
  const directed = Math.min(from.elongation, to.elongation) >= elongated;
  // An axis has no head: of the two turns that lay it on the other, the smaller.
  const turn = directed ? Math.atan(Math.tan(to.angle - from.angle)) : 0;
  const [a, b] = [scale * Math.cos(turn), scale * Math.sin(turn)];
  return [a, -b, to.x - a * from.x + b * from.y, b, a, to.y - b * from.x - a * from.y];
}

function shifted([a, b, c, d, e, f]: AffineMatrix, { x, y }: Window): AffineMatrix {
  return [a, b, c - x, d, e, f - y];
}

/** Where the box comes to lie, with a margin, as far as it is inside the image. */
function windowOf(
  [a, b, c, d, e, f]: AffineMatrix,
  { left, top, width, height }: Box,
  image: ImageSize,
  margin: number,
): Window | undefined {
  const corners = [left - 1, left + width].flatMap((x): [number, number][] => [
    [x, top - 1],
    [x, top + height],
  ]);
  const xs = corners.map(([x, y]) => a * x + b * y + c);
  const ys = corners.map(([x, y]) => d * x + e * y + f);
  const x = Math.max(0, Math.floor(Math.min(...xs)) - margin);
  const y = Math.max(0, Math.floor(Math.min(...ys)) - margin);
  const right = Math.min(image.width, Math.ceil(Math.max(...xs)) + 1 + margin);
  const bottom = Math.min(image.height, Math.ceil(Math.max(...ys)) + 1 + margin);
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : undefined;
}

/** 255 in the class, 0 elsewhere. */
function maskOf({ planes }: Raster, classIndex: number): Uint8Array {
  const plane = planes[classIndex >> 5]!;
  const bit = 1 << (classIndex & 31);
  return Uint8Array.from(plane, (bits) => ((bits & bit) === 0 ? 0 : 255));
}

async function softened(mask: Uint8Array, { width, height }: Window, sigma: number): Promise<Uint8Array> {
  const kernel = smoothingKernel(2 * Math.ceil(3 * sigma) + 1, sigma);
  return (await convolveSeparable({ width, height, channels: 1, data: mask }, kernel)).data;
}

/** For each channel, the mean of the covered values less that of the covering ones. */
function brightnessShift({ image }: Sample, moved: Raster, mask: Uint8Array, window: Window): number[] {
  const { width, channels } = image;
  const sums = Array.from({ length: channels }, () => 0);
  let count = 0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    count++;
    const at = placeOf(i, window, width);
    for (let c = 0; c < channels; c++) {
      sums[c]! += image.data[at * channels + c]! - moved.image.data[i * channels + c]!;
    }
  }
  return sums.map((sum) => (count === 0 ? 0 : sum / count));
}

/** Index in the image of the window's i-th pixel. */
function placeOf(i: number, window: Window, width: number): number {
  const column = i % window.width;
  return (window.y + (i - column) / window.width) * width + window.x + column;
}

function write(
  { image, labels }: Sample,
  moved: Raster,
  {
    mask,
    opacity,
    shift,
    window,
  }: { mask: Uint8Array; opacity: Uint8Array; shift: readonly number[]; window: Window },
): number {
  const { width, channels, data } = image;
  const values = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
  const planes = allPlanes(labels);
  let written = 0;
  for (let i = 0; i < mask.length; i++) {
    const share = opacity[i]! / 255;
    if (share === 0) continue;
    const at = placeOf(i, window, width);
    for (let c = 0; c < channels; c++) {
      const value = moved.image.data[i * channels + c]! + shift[c]!;
      values[at * channels + c] = data[at * channels + c]! * (1 - share) + value * share;
    }
    if (mask[i] === 0) continue;
    for (const [p, plane] of moved.planes.entries()) planes[p]![at] = plane[i]!;
    written++;
  }
  return written;
}
