import { uninitializedPlanes } from '../pixels/memory.ts';
import { nativePixels } from '../pixels/native.ts';
import type { Box } from './boxes.ts';
import type { LabelMap } from './labelMap.ts';

/** How pixels are connected: 4 by their sides, 8 by their corners too. */
export type Connectivity = 4 | 8;

/** Pixels of one class that are connected with each other and with no others of it. */
export interface Component {
  /** Pixels. */
  readonly area: number;
  readonly box: Box;
  /** Mean of its pixels' `[x, y]`. */
  readonly centroid: readonly [x: number, y: number];
}

/** One number for all classes, or one for each, `[classes]`. */
export type PerClass = number | readonly number[];

export interface KeepOptions {
  /** Number of components that each class keeps, the largest; of two of the same area, the one with the first pixel. */
  readonly largest?: PerClass;
  /** Pixels that a component must have to be kept. */
  readonly minArea?: PerClass;
  /** 8 unless given. */
  readonly connectivity?: Connectivity;
}

export interface HoleOptions {
  /** Pixels of the largest hole that is filled; any unless given. */
  readonly maxArea?: PerClass;
  /**
   * How pixels of the class are connected, 8 unless given. Those of a hole are then connected the other way, so that a
   * closed outline always separates inside and outside.
   */
  readonly connectivity?: Connectivity;
}

interface ComponentKernels {
  /** `[components, 7]` per class: area, left, top, right, bottom, sums of x and of y. */
  labelComponents(
    planes: readonly Uint32Array[],
    width: number,
    height: number,
    classes: number,
    diagonal: boolean,
  ): Promise<Float64Array[]>;
  keepComponents(
    source: readonly Uint32Array[],
    target: readonly Uint32Array[],
    width: number,
    height: number,
    diagonal: boolean,
    largest: Float64Array,
    minArea: Float64Array,
  ): Promise<unknown>;
  fillHoles(
    source: readonly Uint32Array[],
    target: readonly Uint32Array[],
    width: number,
    height: number,
    diagonal: boolean,
    maxArea: Float64Array,
  ): Promise<unknown>;
}

/** The connected components of each class, `[classes]`, in the order of their first pixels. */
export async function findComponents(
  labels: LabelMap,
  connectivity: Connectivity = 8,
): Promise<Component[][]> {
  const { width, height, classes, planes } = labels;
  const kernels = nativePixels<ComponentKernels>();
  const described = await kernels.labelComponents(planes, width, height, classes, connectivity === 8);
  return described.map((numbers) =>
    Array.from({ length: numbers.length / 7 }, (_, i) => {
      const [area, left, top, right, bottom, sumX, sumY] = numbers.subarray(7 * i, 7 * i + 7);
      return {
        area: area!,
        box: { left: left!, top: top!, width: right! - left!, height: bottom! - top! },
        centroid: [sumX! / area!, sumY! / area!],
      };
    }),
  );
}

/**
 * Removes the small components of every class: all but the `largest`, and those of fewer than `minArea` pixels. Without
 * either nothing is removed.
 *
 * @throws RangeError when a list has not one number per class.
 */
export async function keepComponents(labels: LabelMap, options: KeepOptions): Promise<LabelMap> {
  const { width, height, classes, planes } = labels;
  const { largest = Infinity, minArea = 0, connectivity = 8 } = options;
  const result = uninitializedPlanes(planes.length, width * height);
  await nativePixels<ComponentKernels>().keepComponents(
    planes,
    result,
    width,
    height,
    connectivity === 8,
    perClass(largest, classes),
    perClass(minArea, classes),
  );
  return { width, height, classes, planes: result };
}

/**
 * Fills the holes of every class: background that the class separates from the outside of the image.
 *
 * @throws RangeError when a list has not one number per class.
 */
export async function fillHoles(labels: LabelMap, options: HoleOptions = {}): Promise<LabelMap> {
  const { width, height, classes, planes } = labels;
  const { maxArea = Infinity, connectivity = 8 } = options;
  const result = uninitializedPlanes(planes.length, width * height);
  await nativePixels<ComponentKernels>().fillHoles(
    planes,
    result,
    width,
    height,
    connectivity === 4,
    perClass(maxArea, classes),
  );
  return { width, height, classes, planes: result };
}

function perClass(value: PerClass, classes: number): Float64Array {
  if (typeof value === 'number') return new Float64Array(classes).fill(value);
  if (value.length !== classes) throw new RangeError(`${value.length} numbers for ${classes} classes`);
  return Float64Array.from(value);
}
