import type { Image } from './image.ts';
import { uninitialized } from './memory.ts';
import { nativePixels } from './native.ts';

/**
 * - `weighted_average`: 0.299 R + 0.587 G + 0.114 B (`cv2.COLOR_RGB2GRAY`), of three channels only
 * - `desaturation`: the mean of the greatest and the least channel
 * - `average`, `max`: of the channels
 */
export const greyMethods = ['weighted_average', 'desaturation', 'average', 'max'] as const;
export type GreyMethod = (typeof greyMethods)[number];

interface GreyKernels {
  toGrey(source: Uint8Array, channels: number, method: number, target: Uint8Array): Promise<unknown>;
}

/** Replaces colours by grey, repeated over the channels; an image of one channel stays as it is. */
export async function toGrey(image: Image, method: GreyMethod): Promise<Image> {
  if (image.channels === 1) return image;
  const data = uninitialized(image.data.length);
  await nativePixels<GreyKernels>().toGrey(image.data, image.channels, greyMethods.indexOf(method), data);
  return { ...image, data };
}
