import type { Image } from './image.ts';
import { nativePixels } from './native.ts';

interface HistogramKernels {
  greyHistogram(data: Uint8Array, pixels: number, channels: number): Promise<Float64Array>;
}

/**
 * Pixels of each grey value, `[256]`; of three channels, the luminance of ITU-R BT.601 as
 * OpenCV's `RGB2GRAY` rounds it, and of any other number, the one that `pictureOf` shows.
 */
export type GreyHistogram = Float64Array;

/** Counts grey values off the JavaScript thread. */
export async function greyHistogram({ data, width, height, channels }: Image): Promise<GreyHistogram> {
  return await nativePixels<HistogramKernels>().greyHistogram(data, width * height, channels);
}

/** Mean and standard deviation (of all pixels, divided by n) of grey values. */
export function greyMoments(histogram: GreyHistogram): { mean: number; deviation: number } {
  let [count, sum, squares] = [0, 0, 0];
  histogram.forEach((pixels, value) => {
    count += pixels;
    sum += pixels * value;
    squares += pixels * value * value;
  });
  const mean = sum / Math.max(1, count);
  return { mean, deviation: Math.sqrt(Math.max(0, squares / Math.max(1, count) - mean * mean)) };
}

/** The smallest grey value that at least this share of the pixels does not exceed, `share` from 0 to 1. */
export function greyQuantile(histogram: GreyHistogram, share: number): number {
  const wanted = share * histogram.reduce((sum, pixels) => sum + pixels, 0);
  let below = 0;
  for (let value = 0; value < histogram.length; value++) {
    below += histogram[value]!;
    if (below >= wanted && below > 0) return value;
  }
  return histogram.length - 1;
}
