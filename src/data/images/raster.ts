import sharp from 'sharp';
import { PhalanxError } from '../../core/errors.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { readLimitedFile } from '../limitedFile.ts';
import type { FileKind } from '../limitedFile.ts';
import type { StoredArray } from '../intensity/values.ts';
import type { StoredImage } from './stored.ts';
import { undecodable } from './undecodable.ts';

/** Files that hold a picture, whatever is inside. */
export const pictureFile: FileKind = {
  noun: 'image',
  missing: 'image/missing',
  unreadable: 'image/unreadable',
  maxBytes: 512 * 2 ** 20,
};

const options = (limitInputPixels: number) =>
  ({ failOn: 'truncated', limitInputPixels, ignoreIcc: true, sequentialRead: true }) as const;

/**
 * Decodes a PNG, JPEG or TIFF file to the numbers that it stores: 8 or 16 bits, grey or colour, transparency dropped,
 * colour profiles and orientation ignored. A palette's indices give their colours.
 *
 * @throws PhalanxError `image/unreadable`, `image/depth`.
 */
export async function decodePicture(bytes: Buffer, path: string, maxPixels: number): Promise<StoredImage> {
  try {
    const decoder = sharp(bytes, options(maxPixels));
    const { depth, space, channels, width, height } = await decoder.metadata();
    if (depth !== 'uchar' && depth !== 'ushort') throw wrongDepth(path, depth);
    // Without a colour space of the file's own, numbers would be converted to 8-bit sRGB.
    const grey = channels < 3;
    const wide = depth === 'ushort';
    if (space === 'cmyk' || channels > 4) throw new Error(`${channels} channels of ${space}`);
    const { data, info } = await decoder
      .toColourspace(wide ? (grey ? 'grey16' : 'rgb16') : grey ? 'b-w' : 'srgb')
      .removeAlpha()
      .raw({ depth })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== (grey ? 1 : 3)) throw new Error(`${info.channels} channels after decoding`);
    return {
      width,
      height,
      channels: grey ? 1 : 3,
      data: numbers(data, wide),
      slope: 1,
      intercept: 0,
    };
  } catch (cause) {
    throw undecodable(path, maxPixels, cause);
  }
}

/** @throws PhalanxError `image/unreadable`. */
export async function pictureSize(bytes: Buffer, path: string, maxPixels: number): Promise<ImageSize> {
  try {
    const { width, height } = await sharp(bytes, options(maxPixels)).metadata();
    if (width * height > maxPixels) throw new Error(`${width} × ${height} pixels`);
    return { width, height };
  } catch (cause) {
    throw undecodable(path, maxPixels, cause);
  }
}

/** @throws PhalanxError `image/missing`, `image/unreadable`. */
export async function readPicture(path: string): Promise<Buffer> {
  return await readLimitedFile(path, pictureFile);
}

function numbers(data: Buffer, wide: boolean): StoredArray {
  if (!wide) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const { buffer, byteOffset, length } = aligned(data);
  return new Uint16Array(buffer, byteOffset, length / 2);
}

/** The bytes at an even place, where 16-bit numbers may be read. */
function aligned(data: Buffer): Buffer {
  if (data.byteOffset % 2 === 0) return data;
  const copy = Buffer.allocUnsafeSlow(data.length);
  data.copy(copy);
  return copy;
}

function wrongDepth(path: string, depth: string): PhalanxError {
  return new PhalanxError('image/depth', {
    what: 'The image does not have 8 or 16 bits per channel',
    where: path,
    expected: 'depth uchar or ushort',
    received: `depth ${depth}`,
    fix: 'Convert it to an image of 16 bits, or to a volume',
  });
}
