import { createImage } from './image.ts';
import type { Image } from './image.ts';
import { nativePixels } from './native.ts';

/**
 * OpenCV's interpolations of the same name: `area` averages what falls into a pixel (for shrinking), `linear` mixes the
 * four nearest pixels, `nearest` takes one.
 */
export type ResizeMethod = 'area' | 'linear' | 'nearest';

interface ResizeKernels {
  resizeImage(
    source: Uint8Array,
    sourceWidth: number,
    sourceHeight: number,
    channels: number,
    target: Uint8Array,
    width: number,
    height: number,
    method: ResizeMethod,
  ): Promise<unknown>;
}

/**
 * Resizes to `width` × `height` pixels, off the JavaScript thread, with the pixels of OpenCV's `cv2.resize` with
 * `INTER_AREA`, `INTER_LINEAR` or `INTER_NEAREST`.
 *
 * @throws RangeError for a side that is no integer from 1 to 131072, or when the image's data has not its size.
 */
export async function resizeImage(
  image: Image,
  width: number,
  height: number,
  method: ResizeMethod,
): Promise<Image> {
  const resized = createImage(width, height, image.channels);
  await nativePixels<ResizeKernels>().resizeImage(
    image.data,
    image.width,
    image.height,
    image.channels,
    resized.data,
    width,
    height,
    method,
  );
  return resized;
}
