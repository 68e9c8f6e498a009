import type { Image } from './image.ts';
import { uninitialized } from './memory.ts';
import { nativePixels } from './native.ts';

interface MedianKernels {
  medianBlur(
    source: Uint8Array,
    width: number,
    height: number,
    channels: number,
    side: number,
    target: Uint8Array,
  ): Promise<unknown>;
}

/**
 * The median of each channel in a square window, borders repeated; equal to `cv2.medianBlur`.
 *
 * @param side Of the window in pixels, odd, 3 to 255.
 */
export async function medianBlur(image: Image, side: number): Promise<Image> {
  const { width, height, channels } = image;
  const data = uninitialized(image.data.length);
  await nativePixels<MedianKernels>().medianBlur(image.data, width, height, channels, side, data);
  return { ...image, data };
}
