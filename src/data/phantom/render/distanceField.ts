import { bounds } from '../anatomy/geometry.ts';
import type { Point } from '../anatomy/geometry.ts';

/** Distance from each pixel centre inside an outline to the outline, over the outline's box in the image. */
export interface DistanceField {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Pixels, `[height, width]`; 0 outside the outline. */
  readonly depth: Float32Array;
}

/**
 * Sub-pixel distances to a closed polygon: exact near the outline, then nearest outline points are handed on from
 * pixel to pixel in two sweeps (Danielsson 1980, with outline points in place of pixels).
 *
 * @param outline - Pixels, spaced densely; parts outside the `size` by `size` image are cut off.
 * @returns undefined when the outline does not touch the image.
 */
export function distanceField(outline: readonly Point[], size: number): DistanceField | undefined {
  const box = bounds(outline);
  const left = Math.max(0, Math.floor(box[0]) - 1);
  const top = Math.max(0, Math.floor(box[1]) - 1);
  const width = Math.min(size, Math.ceil(box[2]) + 2) - left;
  const height = Math.min(size, Math.ceil(box[3]) + 2) - top;
  if (width <= 0 || height <= 0) return undefined;
  const field = { left, top, width, height };
  const inside = fillParity(outline, field);
  const nearX = new Float32Array(width * height).fill(1e6);
  const nearY = new Float32Array(width * height).fill(1e6);
  seed(outline, field, nearX, nearY);
  sweep(field, nearX, nearY, 1);
  sweep(field, nearX, nearY, -1);
  const depth = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++)
      if (inside[i] === 1) depth[i] = Math.sqrt((nearX[i]! - x) ** 2 + (nearY[i]! - y) ** 2);
  return { ...field, depth };
}

type Box = Omit<DistanceField, 'depth'>;

/** 1 where a pixel centre is inside by the even–odd rule. */
function fillParity(outline: readonly Point[], { left, top, width, height }: Box): Uint8Array {
  const toggles = new Uint8Array((width + 1) * height);
  outline.forEach(([bx, by], index) => {
    const [ax, ay] = outline.at(index - 1)!;
    if (ay === by) return;
    const first = Math.max(top, Math.ceil(Math.min(ay, by)));
    const end = Math.min(top + height, Math.ceil(Math.max(ay, by)));
    for (let y = first; y < end; y++) {
      const x = Math.ceil(ax + ((y - ay) / (by - ay)) * (bx - ax)) - left;
      const column = Math.min(width, Math.max(0, x));
      toggles[(y - top) * (width + 1) + column]! ^= 1;
    }
  });
  const inside = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    let parity = 0;
    for (let x = 0; x < width; x++) {
      parity ^= toggles[y * (width + 1) + x]!;
      inside[y * width + x] = parity;
    }
  }
  return inside;
}

/** Gives pixels near the outline their nearest point of it, in the box's coordinates. */
function seed(
  outline: readonly Point[],
  { left, top, width, height }: Box,
  nearX: Float32Array,
  nearY: Float32Array,
): void {
  outline.forEach((end, index) => {
    const start = outline.at(index - 1)!;
    const [ax, ay, bx, by] = [start[0] - left, start[1] - top, end[0] - left, end[1] - top];
    const [dx, dy] = [bx - ax, by - ay];
    const length2 = dx * dx + dy * dy || 1;
    const x1 = Math.min(width - 1, Math.ceil(Math.max(ax, bx)) + 1);
    const y1 = Math.min(height - 1, Math.ceil(Math.max(ay, by)) + 1);
    for (let y = Math.max(0, Math.floor(Math.min(ay, by)) - 1); y <= y1; y++)
      for (let x = Math.max(0, Math.floor(Math.min(ax, bx)) - 1); x <= x1; x++) {
        const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length2));
        const [fx, fy] = [ax + t * dx, ay + t * dy];
        const i = y * width + x;
        const old = (nearX[i]! - x) ** 2 + (nearY[i]! - y) ** 2;
        if ((fx - x) ** 2 + (fy - y) ** 2 < old) [nearX[i], nearY[i]] = [fx, fy];
      }
  });
}

/** One of the two passes: each pixel takes over the best of the neighbours that the pass has visited. */
function sweep({ width, height }: Box, nearX: Float32Array, nearY: Float32Array, direction: 1 | -1): void {
  const [firstY, firstX] = direction === 1 ? [0, 0] : [height - 1, width - 1];
  for (let y = firstY; y >= 0 && y < height; y += direction) {
    const above = y - direction;
    const hasAbove = above >= 0 && above < height;
    for (let x = firstX; x >= 0 && x < width; x += direction) {
      const i = y * width + x;
      const hasBefore = x - direction >= 0 && x - direction < width;
      const hasAfter = x + direction >= 0 && x + direction < width;
      let best = (nearX[i]! - x) ** 2 + (nearY[i]! - y) ** 2;
      // The neighbour before, then the three of the row above.
      for (let neighbour = 0; neighbour < 4; neighbour++) {
        if (neighbour === 0 ? !hasBefore : !hasAbove) continue;
        if ((neighbour === 1 && !hasBefore) || (neighbour === 3 && !hasAfter)) continue;
        const j = neighbour === 0 ? i - direction : above * width + x + (neighbour - 2) * direction;
        const candidate = (nearX[j]! - x) ** 2 + (nearY[j]! - y) ** 2;
        if (candidate < best) {
          best = candidate;
          nearX[i] = nearX[j]!;
          nearY[i] = nearY[j]!;
        }
      }
    }
  }
}
