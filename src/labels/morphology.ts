import { uninitializedPlanes } from '../pixels/memory.ts';
import { nativePixels } from '../pixels/native.ts';
import type { LabelMap } from './labelMap.ts';

/** What a class is dilated or eroded by. */
export interface StructuringElement {
  /**
   * `square`: all pixels up to `radius` columns and rows away (OpenCV's `MORPH_RECT` of size `2·radius + 1`). `cross`:
   * those in the same column or row (`MORPH_CROSS`). `disk`: those whose centres are at most `radius` pixels away
   * (scikit-image's `disk`, not OpenCV's ellipse).
   */
  readonly shape: 'square' | 'cross' | 'disk';
  /** Whole pixels, 0 to 131072. */
  readonly radius: number;
}

export interface ErosionOptions extends StructuringElement {
  /**
   * What the pixels beyond the image count as. `neutral`: they decide nothing, so a bone that the image cuts keeps its cut
   * end (OpenCV). `empty`: they belong to no class, so it shrinks there too (SciPy).
   */
  readonly beyond?: 'neutral' | 'empty';
}

interface MorphologyKernels {
  morphPlanes(
    source: readonly Uint32Array[],
    target: readonly Uint32Array[],
    width: number,
    height: number,
    shape: StructuringElement['shape'],
    radius: number,
    erode: boolean,
    beyondEmpty: boolean,
  ): Promise<unknown>;
}

/**
 * Grows every class, all at once and off the JavaScript thread: a pixel belongs to what any pixel under the element
 * belongs to.
 *
 * @throws RangeError for a radius that is no whole number from 0 to 131072.
 */
export function dilateLabels(labels: LabelMap, element: StructuringElement): Promise<LabelMap> {
  return morph(labels, element, false, false);
}

/**
 * Shrinks every class: a pixel belongs to what all pixels under the element belong to.
 *
 * @throws RangeError as `dilateLabels`.
 */
export function erodeLabels(labels: LabelMap, options: ErosionOptions): Promise<LabelMap> {
  return morph(labels, options, true, options.beyond === 'empty');
}

async function morph(
  { width, height, classes, planes }: LabelMap,
  { shape, radius }: StructuringElement,
  erode: boolean,
  beyondEmpty: boolean,
): Promise<LabelMap> {
  const result = uninitializedPlanes(planes.length, width * height);
  const kernels = nativePixels<MorphologyKernels>();
  await kernels.morphPlanes(planes, result, width, height, shape, radius, erode, beyondEmpty);
  return { width, height, classes, planes: result };
}
