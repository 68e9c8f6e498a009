import type { Image, ImageSize } from '../../pixels/image.ts';
import { decodeDicom, dicomSize } from '../dicom/decode.ts';
import { isDicom } from '../dicom/parse.ts';
import type { Intensity } from '../intensity/options.ts';
import { readLimitedFile } from '../limitedFile.ts';
import { decodeNarrowPng, headerEnd, narrowPng, pngSize } from './narrowPng.ts';
import { decodePicture, pictureFile, pictureSize, readPicture } from './raster.ts';
import { renderImage } from './stored.ts';
import type { StoredImage } from './stored.ts';
import { undecodable } from './undecodable.ts';

/** Names of files that may hold one image, in lower case. */
export const imageExtensions = ['.png', '.jpg', '.jpeg', '.tif', '.tiff', '.dcm', '.dicom'] as const;

/**
 * Reads a PNG, JPEG, TIFF or DICOM file as it is stored, by what is in it and not by its name.
 *
 * @param options.indices of a palette, and grey of fewer than 8 bits, as they are instead of what they look like.
 * @throws PhalanxError `image/missing`, `image/unreadable`, `image/depth`.
 */
export async function readStored(
  path: string,
  maxPixels: number,
  { indices = false }: { readonly indices?: boolean } = {},
): Promise<StoredImage> {
  const bytes = await readPicture(path);
  if (isDicom(bytes)) return await decodeDicom(bytes, path, maxPixels);
  return await (indices && narrowPng(bytes) ? decodeNarrowPng : decodePicture)(bytes, path, maxPixels);
}

/** How images of a dataset are read. */
export interface ImageReading {
  readonly intensity?: Intensity | undefined;
  /** Most pixels that an image may have. */
  readonly maxPixels: number;
}

/**
 * Reads an image as the model sees it; see `renderImage`.
 *
 * @throws PhalanxError `image/…`.
 */
export async function readAnyImage(path: string, { intensity, maxPixels }: ImageReading): Promise<Image> {
  return renderImage(await readStored(path, maxPixels), intensity, path);
}

/**
 * Width and height of an image, from its header.
 *
 * @throws PhalanxError `image/missing`, `image/unreadable`.
 */
export async function readAnySize(path: string, maxPixels: number): Promise<ImageSize> {
  const png = pngSize(await readLimitedFile(path, pictureFile, headerEnd));
  if (png !== undefined) {
    const { width, height } = png;
    if (width * height > 0 && width * height <= maxPixels) return { width, height };
    throw undecodable(path, maxPixels, new Error(`${width} × ${height} pixels`));
  }
  const bytes = await readPicture(path);
  return isDicom(bytes) ? dicomSize(bytes, path, maxPixels) : await pictureSize(bytes, path, maxPixels);
}
