import { uninitializedPlanes } from '../pixels/memory.ts';
import { nativePixels } from '../pixels/native.ts';
import { checkSameShape, planeCount } from './labelMap.ts';
import type { LabelMap } from './labelMap.ts';

/** `difference`: what the first has and the second has not. */
export type SetOperation = 'union' | 'intersection' | 'difference';

interface SetKernels {
  combinePlanes(
    a: readonly Uint32Array[],
    b: readonly Uint32Array[],
    target: readonly Uint32Array[],
    pixels: number,
    operation: SetOperation,
  ): Promise<unknown>;
  knownPlanes(
    source: readonly Uint32Array[],
    unknown: Uint32Array,
    target: readonly Uint32Array[],
    pixels: number,
  ): Promise<unknown>;
  complementPlanes(
    source: readonly Uint32Array[],
    target: readonly Uint32Array[],
    pixels: number,
    classes: number,
  ): Promise<unknown>;
  moveClasses(
    source: readonly Uint32Array[],
    target: readonly Uint32Array[],
    pixels: number,
    moves: Uint32Array,
  ): Promise<unknown>;
}

/**
 * Each class of one label map with the same class of another, pixel by pixel, off the JavaScript thread.
 *
 * @throws PhalanxError `labels/mask-mismatch` when sizes or numbers of classes differ.
 */
export async function combineLabels(a: LabelMap, b: LabelMap, operation: SetOperation): Promise<LabelMap> {
  checkSameShape(a, b);
  const result = emptyAs(a, a.classes);
  const pixels = a.width * a.height;
  await nativePixels<SetKernels>().combinePlanes(a.planes, b.planes, result.planes, pixels, operation);
  return result;
}

/** The label map without all classes where `unknown` (as `LabelMap.unknown`) is 1, off the JavaScript thread. */
export async function knownLabels(labels: LabelMap, unknown: Uint32Array): Promise<LabelMap> {
  const result = emptyAs(labels, labels.classes);
  const pixels = labels.width * labels.height;
  await nativePixels<SetKernels>().knownPlanes(labels.planes, unknown, result.planes, pixels);
  return result;
}

/** Each class where it was not, and nowhere else. */
export async function complementLabels(labels: LabelMap): Promise<LabelMap> {
  const { width, height, classes, planes } = labels;
  const result = emptyAs(labels, classes);
  await nativePixels<SetKernels>().complementPlanes(planes, result.planes, width * height, classes);
  return result;
}

/**
 * New classes, each the union of some classes of `labels`: `[[0, 1, 2], [28]]` makes two, of which the first has the
 * pixels of the first three. An empty list makes an empty class; a class may be used several times.
 *
 * @throws RangeError for a class that `labels` does not have.
 */
export async function uniteClasses(
  labels: LabelMap,
  groups: readonly (readonly number[])[],
): Promise<LabelMap> {
  const moves = groups.flatMap((group, target) => group.flatMap((source) => [source, target]));
  for (const source of groups.flat()) {
    if (!Number.isInteger(source) || source < 0 || source >= labels.classes) {
      throw new RangeError(`Class ${source} of a label map with ${labels.classes}`);
    }
  }
  const result = emptyAs(labels, groups.length);
  const pixels = labels.width * labels.height;
  await nativePixels<SetKernels>().moveClasses(labels.planes, result.planes, pixels, Uint32Array.from(moves));
  return result;
}

/**
 * Some of the classes, in the order given; a class may be given several times.
 *
 * @throws RangeError for a class that `labels` does not have.
 */
export function selectClasses(labels: LabelMap, classes: readonly number[]): Promise<LabelMap> {
  return uniteClasses(
    labels,
    classes.map((index) => [index]),
  );
}

/** A label map for a kernel that writes every pixel. */
function emptyAs({ width, height }: LabelMap, classes: number): LabelMap {
  return { width, height, classes, planes: uninitializedPlanes(planeCount(classes), width * height) };
}
