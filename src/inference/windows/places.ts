import type { ImageSize } from '../../pixels/image.ts';

/** Where a window's corner lies in the image, in pixels; negative where the image is smaller than the window. */
export interface Place {
  readonly top: number;
  readonly left: number;
}

/**
 * Where windows lie, row by row, as MONAI's `sliding_window_inference` places them: at equal distances, the last ones moved
 * back to end with the image. An image smaller than the window lies in its middle.
 *
 * @param overlap Share of a window that the next one covers again, in [0, 1).
 */
export function windowPlaces(image: ImageSize, window: ImageSize, overlap: number): Place[] {
  const lefts = starts(image.width, window.width, overlap);
  return starts(image.height, window.height, overlap).flatMap((top) => lefts.map((left) => ({ top, left })));
}

function starts(length: number, window: number, overlap: number): number[] {
  if (length <= window) return [-Math.floor((window - length) / 2)];
  const step = Math.max(1, Math.trunc(window * (1 - overlap)));
  const count = Math.ceil((length - window) / step) + 1;
  return Array.from({ length: count }, (_, index) => Math.min(index * step, length - window));
}
