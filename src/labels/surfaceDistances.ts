import { nativePixels } from '../pixels/native.ts';
import { checkSameShape } from './labelMap.ts';
import type { LabelMap } from './labelMap.ts';

/**
 * What a class's outline is made of. `contour`: elements on the corners between pixels, each as long as the contour that
 * passes there (DeepMind's surface-distance, MONAI's `use_subvoxels`). `pixels`: the class's pixels with one of their four
 * neighbours outside, each counting once (MONAI, medpy).
 */
export type SurfaceElements = 'contour' | 'pixels';

export interface SurfaceOptions {
  /** `contour` unless given. */
  readonly elements?: SurfaceElements;
  /** Distance between pixels along a row and down a column, such as millimetres; `[1, 1]`, pixels, unless given. */
  readonly spacing?: readonly [x: number, y: number];
}

/** From the elements of one outline to the nearest of another. */
export interface DirectedDistances {
  /** Distances that occur, ascending, in the unit of the spacing; infinite when the other outline is empty. */
  readonly distances: Float64Array;
  /** Of the elements at each distance together: their length in the unit of the spacing, or with `pixels` their number. */
  readonly weights: Float64Array;
}

/** How far the outlines of one class in a prediction and in its truth are from each other. */
export interface SurfaceDistances {
  readonly predictedToTarget: DirectedDistances;
  readonly targetToPredicted: DirectedDistances;
}

interface SurfaceKernels {
  surfaceDistances(
    predicted: readonly Uint32Array[],
    target: readonly Uint32Array[],
    width: number,
    height: number,
    classes: number,
    spacingX: number,
    spacingY: number,
    elements: SurfaceElements,
  ): Promise<[Float64Array, Float64Array, Float64Array, Float64Array][]>;
}

/**
 * Distances between the outlines of each class, `[classes]`, exact and off the JavaScript thread: what
 * `hausdorffDistance` and its neighbours summarize. The image's edge bounds a class too.
 *
 * @throws PhalanxError `labels/mask-mismatch` when sizes or numbers of classes differ.
 * @throws RangeError for a spacing that is no number from 1e-9 to 1e9.
 */
export async function surfaceDistances(
  predicted: LabelMap,
  target: LabelMap,
  { elements = 'contour', spacing: [x, y] = [1, 1] }: SurfaceOptions = {},
): Promise<SurfaceDistances[]> {
  checkSameShape(predicted, target);
  const { width, height, classes } = predicted;
  const kernels = nativePixels<SurfaceKernels>();
  const found = await kernels.surfaceDistances(
    predicted.planes,
    target.planes,
    width,
    height,
    classes,
    x,
    y,
    elements,
  );
  return found.map(([forth, forthWeights, back, backWeights]) => ({
    predictedToTarget: { distances: forth, weights: forthWeights },
    targetToPredicted: { distances: back, weights: backWeights },
  }));
}
