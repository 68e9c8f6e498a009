import { PhalanxError } from '../core/errors.ts';
import { nativePixels } from '../pixels/native.ts';
import { uninitializedPlanes } from '../pixels/memory.ts';
import { planeCount } from './labelMap.ts';
import type { LabelMap } from './labelMap.ts';

/** One closed outline of one class. */
export interface Polygon {
  /** Class that the polygon belongs to, `0 <= classIndex < classes`. */
  readonly classIndex: number;
  /** `[x, y]` pairs in pixels; the last point is joined to the first. */
  readonly points: readonly (readonly number[])[];
}

/** Size of the label map to fill. */
export interface LabelMapSize {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly classes: number;
}

/** Largest magnitude of a coordinate, pixels: fixed-point arithmetic stays exact up to here. */
const coordinateLimit = 131_072;

interface PolygonKernels {
  fillPolygons(
    planes: readonly Uint32Array[],
    width: number,
    height: number,
    points: Int32Array,
    counts: Uint32Array,
    classIndices: Uint32Array,
  ): Promise<unknown>;
}

/**
 * Fills polygons into a new label map, off the JavaScript thread, with the very pixels of OpenCV's
 * `cv2.fillPoly(mask, [np.array(points, dtype=np.int32)], 1)` for each polygon: pixels on the outline belong to it, a
 * polygon that crosses itself is filled even-odd, what lies outside the image is clipped, and fractions of a pixel are
 * cut off towards zero. Several polygons of one class are united. One or two points draw a pixel or a line, none draws
 * nothing.
 *
 * @throws PhalanxError `labels/polygon` for a point that is not two finite numbers within ±131072 pixels.
 */
export async function fillPolygons(polygons: readonly Polygon[], size: LabelMapSize): Promise<LabelMap> {
  const { width, height, classes } = size;
  const { points, counts, classIndices } = flattenPolygons(polygons, classes);
  const planes = uninitializedPlanes(planeCount(classes), width * height);
  await nativePixels<PolygonKernels>().fillPolygons(planes, width, height, points, counts, classIndices);
  return { width, height, classes, planes };
}

/** Polygons as the kernels take them: coordinates cut to integers and laid out in one array. */
export interface FlatPolygons {
  /** x and y of every point of every polygon in turn, pixels. */
  readonly points: Int32Array;
  /** Number of points of each polygon. */
  readonly counts: Uint32Array;
  readonly classIndices: Uint32Array;
}

/** @throws PhalanxError `labels/polygon` as `fillPolygons` does. */
export function flattenPolygons(polygons: readonly Polygon[], classes: number): FlatPolygons {
  const total = polygons.reduce((sum, polygon) => sum + polygon.points.length, 0);
  const points = new Int32Array(2 * total);
  const counts = new Uint32Array(polygons.length);
  const classIndices = new Uint32Array(polygons.length);
  let next = 0;
  for (const [index, polygon] of polygons.entries()) {
    const { classIndex } = polygon;
    if (!Number.isInteger(classIndex) || classIndex < 0 || classIndex >= classes) {
      throw new PhalanxError('labels/polygon', {
        what: 'A polygon belongs to a class that does not exist',
        where: `polygon ${index}`,
        expected: `a class index from 0 to ${classes - 1}`,
        received: String(classIndex),
      });
    }
    for (const [position, point] of polygon.points.entries()) {
      const [x, y] = point;
      if (point.length !== 2 || !isCoordinate(x) || !isCoordinate(y)) {
        throw new PhalanxError('labels/polygon', {
          what: 'A polygon has a point that cannot be drawn',
          where: `polygon ${index}, point ${position}`,
          expected: `[x, y] in pixels, each within ±${coordinateLimit}`,
          received: JSON.stringify(point).slice(0, 80),
        });
      }
      points[next++] = Math.trunc(x);
      points[next++] = Math.trunc(y);
    }
    counts[index] = polygon.points.length;
    classIndices[index] = classIndex;
  }
  return { points, counts, classIndices };
}

function isCoordinate(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= coordinateLimit;
}
