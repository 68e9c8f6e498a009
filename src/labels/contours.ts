import { boundingBoxes } from './boxes.ts';
import type { LabelMap } from './labelMap.ts';
import type { Polygon } from './polygons.ts';
import type { Box } from './boxes.ts';

/** Steps to the eight neighbours, counter-clockwise from the right (y grows downwards). */
const stepX = [1, 1, 0, -1, -1, -1, 0, 1] as const;
const stepY = [0, -1, -1, -1, 0, 1, 1, 1] as const;

/** A mask with a margin of one empty pixel; while borders are followed, visited pixels change from 1 to ±2. */
interface Margined {
  readonly stride: number;
  readonly pixels: Int8Array;
}

/**
 * Outlines every class with polygons that `fillPolygons` turns back into exactly the same label map.
 *
 * Each 8-connected component of a class becomes one polygon through the centres of its border pixels. A hole is
 * joined to the border on its left by a horizontal line, walked there and back. Runs of points in one of the eight
 * directions are left out; a polygon has at least three points, repeated if need be.
 *
 * Border following: S. Suzuki, K. Abe, "Topological structural analysis of digitized binary images by border
 * following", 1985, as OpenCV's `findContours` does it.
 */
export async function traceContours(labels: LabelMap): Promise<Polygon[]> {
  const boxes = await boundingBoxes(labels);
  return boxes.flatMap((box, classIndex) =>
    box === undefined ? [] : traceClass(labels, classIndex, box).map((points) => ({ classIndex, points })),
  );
}

type Point = readonly [x: number, y: number];

function traceClass(labels: LabelMap, classIndex: number, box: Box): Point[][] {
  const mask = cutOut(labels, classIndex, box);
  const { stride } = mask;
  return joinHoles(mask, borders(mask)).map((path) =>
    simplify(path.map((at): Point => [(at % stride) - 1 + box.left, Math.floor(at / stride) - 1 + box.top])),
  );
}

function cutOut(labels: LabelMap, classIndex: number, { left, top, width, height }: Box): Margined {
  const stride = width + 2;
  const pixels = new Int8Array(stride * (height + 2));
  const plane = labels.planes[classIndex >> 5]!;
  const shift = classIndex & 31;
  for (let row = 0; row < height; row++) {
    const from = (top + row) * labels.width + left;
    const to = (row + 1) * stride + 1;
    for (let column = 0; column < width; column++)
      pixels[to + column] = (plane[from + column]! >>> shift) & 1;
  }
  return { stride, pixels };
}

interface Border {
  readonly hole: boolean;
  /** Pixels of the component, in order along the border. */
  readonly path: readonly number[];
}

/** All borders in raster order of their first pixels, so that a component's outer border comes before its holes. */
function borders(mask: Margined): Border[] {
  const { pixels } = mask;
  const found: Border[] = [];
  for (let at = 1; at < pixels.length; at++) {
    const value = pixels[at]!;
    const previous = pixels[at - 1]!;
    if (previous === 0 && value === 1) found.push({ hole: false, path: follow(mask, at, 4) });
    else if (value === 0 && previous >= 1) found.push({ hole: true, path: follow(mask, at - 1, 0) });
  }
  return found;
}

/** Follows a border once around; `outside` is the direction of the first pixel's empty neighbour. */
function follow({ pixels, stride }: Margined, start: number, outside: number): number[] {
  const step = stepX.map((dx, i) => stepY[i]! * stride + dx);
  let direction = outside;
  do direction = (direction + 7) & 7;
  while (pixels[start + step[direction]!] === 0 && direction !== outside);
  if (direction === outside) {
    pixels[start] = -2;
    return [start];
  }
  const last = start + step[direction]!;
  const path: number[] = [];
  for (let at = start; ;) {
    let turn = direction + 1;
    while (pixels[at + step[turn & 7]!] === 0) turn++;
    direction = turn & 7;
    // Past 8 the neighbour on the right was examined and empty: no further hole starts there.
    if (turn > 8) pixels[at] = -2;
    else if (pixels[at] === 1) pixels[at] = 2;
    path.push(at);
    const next = at + step[direction]!;
    if (next === start && at === last) return path;
    at = next;
    direction = (direction + 4) & 7;
  }
}

/** Paths of whole components: each hole's border is inserted where the run of pixels to its left ends. */
function joinHoles({ pixels, stride }: Margined, found: readonly Border[]): number[][] {
  const outer = found.filter(({ hole }) => !hole).map(({ path }) => [...path]);
  const holes = found
    .filter(({ hole }) => hole)
    .map(({ path }) => {
      const leftmost = path.reduce((best, at) => (at % stride < best % stride ? at : best));
      return { path, leftmost };
    })
    .sort((a, b) => (a.leftmost % stride) - (b.leftmost % stride));
  if (holes.length === 0) return outer;

  const pathThrough = new Map<number, number[]>();
  for (const path of outer) for (const at of path) pathThrough.set(at, path);
  for (const { path, leftmost } of holes) {
    let anchor = leftmost;
    while (pixels[anchor - 1] !== 0) anchor--;
    const host = pathThrough.get(anchor)!;
    const first = path.indexOf(leftmost);
    const around = [...path.slice(first), ...path.slice(0, first), leftmost];
    host.splice(host.indexOf(anchor) + 1, 0, ...around, anchor);
    for (const at of path) pathThrough.set(at, host);
  }
  return outer;
}

/** Leaves out points in the middle of a straight run; a spike, where the path turns back, is kept. */
function simplify(points: readonly Point[]): Point[] {
  const count = points.length;
  const kept = points.filter(([x, y], i) => {
    const [px, py] = points[(i + count - 1) % count]!;
    const [nx, ny] = points[(i + 1) % count]!;
    return (
      Math.sign(x - px) !== Math.sign(nx - x) ||
      Math.sign(y - py) !== Math.sign(ny - y) ||
      !isEighth(x - px, y - py) ||
      !isEighth(nx - x, ny - y)
    );
  });
  while (kept.length < 3) kept.push(kept.at(-1) ?? points[0]!);
  return kept;
}

function isEighth(dx: number, dy: number): boolean {
  return dx === 0 || dy === 0 || Math.abs(dx) === Math.abs(dy);
}
