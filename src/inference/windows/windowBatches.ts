import type { Image, ImageSize } from '../../pixels/image.ts';
import type { Place } from './places.ts';

/** One window of one of several images. */
export interface PlacedWindow {
  /** Index of the image. */
  readonly image: number;
  readonly place: Place;
  /** Whether no window of the image follows. */
  readonly last: boolean;
}

/** Windows that the model sees at once. */
export interface WindowBatch {
  readonly windows: readonly PlacedWindow[];
  /** `[N, height, width, channels]`, black beyond the images. */
  readonly data: Uint8Array;
}

/**
 * Cuts images into windows, image by image and each in the order of its places, and yields them in batches that may
 * span images.
 *
 * @param images Of as many channels each.
 */
export function* windowBatches(
  images: readonly Image[],
  places: readonly (readonly Place[])[],
  window: ImageSize,
  batchSize: number,
): Generator<WindowBatch> {
  const all = images.flatMap((_, image) =>
    places[image]!.map((place, i, { length }) => ({ image, place, last: i === length - 1 })),
  );
  const values = window.width * window.height * (images[0]?.channels ?? 0);
  for (let from = 0; from < all.length; from += batchSize) {
    const windows = all.slice(from, from + batchSize);
    const data = new Uint8Array(windows.length * values);
    for (const [index, { image, place }] of windows.entries()) {
      cut(images[image]!, place, window, data.subarray(index * values, (index + 1) * values));
    }
    yield { windows, data };
  }
}

function cut(image: Image, { top, left }: Place, window: ImageSize, target: Uint8Array): void {
  const { channels, width, data } = image;
  const [x0, x1] = [Math.max(left, 0), Math.min(left + window.width, width)];
  for (let y = Math.max(top, 0); y < Math.min(top + window.height, image.height); y++) {
    const row = data.subarray((y * width + x0) * channels, (y * width + x1) * channels);
    target.set(row, ((y - top) * window.width + x0 - left) * channels);
  }
}
