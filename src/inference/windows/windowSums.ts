import type { ImageSize } from '../../pixels/image.ts';
import { nativePixels } from '../../pixels/native.ts';
import type { Logits } from '../../labels/upsample.ts';
import type { Place } from './places.ts';

/** Weighted sums of the windows' logits of one image; its logits once divided by the sums of weights. */
export interface WindowSums extends Logits {
  /** Sum of the weights, `[height, width]`. */
  readonly counts: Float32Array;
}

/** What a model says of one window. */
export interface WindowOf {
  /** `[height, width, classes]`. */
  readonly logits: Float32Array;
  readonly size: ImageSize;
  /** `[height, width]`. */
  readonly weights: Float32Array;
  readonly place: Place;
}

interface WindowKernels {
  addWindow(
    sums: Float32Array,
    counts: Float32Array,
    height: number,
    width: number,
    classes: number,
    window: Float32Array,
    windowHeight: number,
    windowWidth: number,
    weights: Float32Array,
    top: number,
    left: number,
  ): Promise<unknown>;
  divideWindows(sums: Float32Array, counts: Float32Array, classes: number): Promise<unknown>;
}

export function createWindowSums({ width, height }: ImageSize, classes: number): WindowSums {
  const pixels = width * height;
  return {
    width,
    height,
    classes,
    data: new Float32Array(pixels * classes),
    counts: new Float32Array(pixels),
  };
}

/**
 * Adds what of a window lies in the image, off the JavaScript thread. Windows of one image must be added one after
 * another: they share pixels, and sums depend on the order.
 */
export async function addWindow(
  { data, counts, height, width, classes }: WindowSums,
  { logits, size, weights, place }: WindowOf,
): Promise<void> {
  const { top, left } = place;
  await nativePixels<WindowKernels>().addWindow(
    data,
    counts,
    height,
    width,
    classes,
    logits,
    size.height,
    size.width,
    weights,
    top,
    left,
  );
}

/** Makes of the sums the weighted means, in place, off the JavaScript thread. */
export async function divideWindows({ data, counts, classes }: WindowSums): Promise<void> {
  await nativePixels<WindowKernels>().divideWindows(data, counts, classes);
}
