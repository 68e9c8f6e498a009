import type { Raster } from './geometry.ts';
import type { Image, ImageSize } from './image.ts';
import { uninitialized, uninitializedPlanes } from './memory.ts';
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
  resizePlanes(
    source: readonly Uint32Array[],
    sourceWidth: number,
    sourceHeight: number,
    target: readonly Uint32Array[],
    width: number,
    height: number,
  ): Promise<unknown>;
}

/**
 * Resizes an image, off the JavaScript thread, with the pixels of OpenCV's `cv2.resize` with `INTER_AREA`,
 * `INTER_LINEAR` (11-bit weights) or `INTER_NEAREST`.
 *
 * @throws RangeError for a side that is no integer from 1 to 131072, or when the image's data has not its size.
 */
export async function resizeImage(
  image: Image,
  { width, height }: ImageSize,
  method: ResizeMethod,
): Promise<Image> {
  const { channels } = image;
  const data = uninitialized(width * height * channels);
  await nativePixels<ResizeKernels>().resizeImage(
    image.data,
    image.width,
    image.height,
    channels,
    data,
    width,
    height,
    method,
  );
  return { width, height, channels, data };
}

/**
 * Resizes label planes of size `from` to size `to`: the pixels of OpenCV's `INTER_NEAREST`.
 *
 * @throws RangeError as `resizeImage`.
 */
export async function resizePlanes(
  planes: readonly Uint32Array[],
  from: ImageSize,
  { width, height }: ImageSize,
): Promise<readonly Uint32Array[]> {
  const resized = uninitializedPlanes(planes.length, width * height);
  await nativePixels<ResizeKernels>().resizePlanes(planes, from.width, from.height, resized, width, height);
  return resized;
}

/** Resizes the image by `method` and its labels nearest. */
export async function resize(
  { image, planes }: Raster,
  size: ImageSize,
  method: ResizeMethod,
): Promise<Raster> {
  const [resized, resizedPlanes] = await Promise.all([
    resizeImage(image, size, method),
    resizePlanes(planes, image, size),
  ]);
  return { image: resized, planes: resizedPlanes };
}
