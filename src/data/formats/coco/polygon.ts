import type { RunMask } from '../../../labels/runs.ts';
import type { ImageSize } from '../../../pixels/image.ts';

/** Fifths of a pixel that one outline may be long; an outline once around the largest image is far shorter. */
const maxSteps = 2 ** 24;

/**
 * Fills a polygon with the very pixels of pycocotools: the outline is walked in fifths of a pixel, and where it crosses
 * the middle of a column the mask begins or ends.
 *
 * Source: `rleFrPoly` in `common/maskApi.c` of cocoapi.
 *
 * @param xy x and y of each point in turn, pixels.
 * @throws Error when the outline is too long.
 */
export function fillCocoPolygon(xy: readonly number[], { width, height }: ImageSize): RunMask {
  const fifths = xy.map((value) => Math.trunc(5 * value + 0.5));
  const count = Math.floor(fifths.length / 2);
  const crossings: number[] = [];
  let before: readonly [number, number] | undefined;
  let steps = 0;
  for (let j = 0; j < count; j++) {
    const next = (j + 1) % count;
    const [x0, y0, x1, y1] = [fifths[2 * j]!, fifths[2 * j + 1]!, fifths[2 * next]!, fifths[2 * next + 1]!];
    const [dx, dy] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
    const length = Math.max(dx, dy);
    if ((steps += length) > maxSteps) throw new Error(`an outline of more than ${maxSteps / 5} pixels`);
    const flat = dx >= dy;
    const flip = flat ? x0 > x1 : y0 > y1;
    const [xs, ys, xe, ye] = flip ? [x1, y1, x0, y0] : [x0, y0, x1, y1];
    const slope = length === 0 ? 0 : flat ? (ye - ys) / dx : (xe - xs) / dy;
    for (let d = 0; d <= length; d++) {
      const t = flip ? length - d : d;
      const u = flat ? t + xs : Math.trunc(xs + slope * t + 0.5);
      const v = flat ? Math.trunc(ys + slope * t + 0.5) : t + ys;
      if (before !== undefined && u !== before[0]) {
        const crossing = crossingOf(u, v, before, width, height);
        if (crossing !== undefined) crossings.push(crossing);
      }
      before = [u, v];
    }
  }
  return { width, height, order: 'column-major', boundaries: boundariesOf(crossings, width * height) };
}

/** Where a step of the outline crosses the middle of a column, as a position down the columns. */
function crossingOf(
  u: number,
  v: number,
  [u0, v0]: readonly [number, number],
  width: number,
  height: number,
): number | undefined {
  const x = ((u < u0 ? u : u - 1) + 0.5) / 5 - 0.5;
  if (!Number.isInteger(x) || x < 0 || x > width - 1) return undefined;
  const y = Math.ceil(Math.min(Math.max((Math.min(v, v0) + 0.5) / 5 - 0.5, 0), height));
  return x * height + y;
}

/** Sorted crossings, without those that cancel each other. */
function boundariesOf(crossings: readonly number[], pixels: number): Uint32Array {
  const boundaries: number[] = [];
  for (const position of Uint32Array.from(crossings).sort()) {
    if (boundaries.at(-1) === position) boundaries.pop();
    else boundaries.push(position);
  }
  if (boundaries.length % 2 === 1) {
    if (boundaries.at(-1) === pixels) boundaries.pop();
    else boundaries.push(pixels);
  }
  return Uint32Array.from(boundaries);
}
