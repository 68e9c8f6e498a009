import type { Raster } from './geometry.ts';
import type { Image, ImageSize } from './image.ts';
import { uninitialized, uninitializedPlanes } from './memory.ts';
import { nativePixels } from './native.ts';

/**
 * OpenCV's interpolations of the same name: `area` averages what falls into a pixel (for shrinking), `linear` mixes the
 * four nearest pixels, `nearest` takes one.
 */
export type ResizeMethod = 'area' | 'linear' | 'nearest';

/**
 * `nearest`: each pixel takes one pixel's classes, that of OpenCV's `INTER_NEAREST`. `area`: it has the classes that cover
 * at least half of it, which keeps borders in place when an image is made smaller.
 */
export const labelInterpolations = ['nearest', 'area'] as const;
export type LabelInterpolation = (typeof labelInterpolations)[number];

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
  resizePlanes: ResizePlanes;
  resizePlanesByArea: ResizePlanes;
}

type ResizePlanes = (
  source: readonly Uint32Array[],
  sourceWidth: number,
  sourceHeight: number,
  target: readonly Uint32Array[],
  width: number,
  height: number,
) => Promise<unknown>;

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
 * Resizes label planes of size `from` to another.
 *
 * @throws RangeError as `resizeImage`.
 */
export async function resizePlanes(
  planes: readonly Uint32Array[],
  from: ImageSize,
  { width, height }: ImageSize,
  method: LabelInterpolation = 'nearest',
): Promise<readonly Uint32Array[]> {
  const resized = uninitializedPlanes(planes.length, width * height);
  const kernels = nativePixels<ResizeKernels>();
  if (method === 'area') {
    await kernels.resizePlanesByArea(planes, from.width, from.height, resized, width, height);
  } else {
    await kernels.resizePlanes(planes, from.width, from.height, resized, width, height);
  }
  return resized;
}

/** Resizes the image by `method` and its labels by `labels`. */
export async function resize(
  { image, planes }: Raster,
  size: ImageSize,
  method: ResizeMethod,
  labels: LabelInterpolation = 'nearest',
): Promise<Raster> {
  const [resized, resizedPlanes] = await Promise.all([
    resizeImage(image, size, method),
    resizePlanes(planes, image, size, labels),
  ]);
  return { image: resized, planes: resizedPlanes };
}
