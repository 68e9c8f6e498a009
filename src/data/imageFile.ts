import sharp from 'sharp';
import { bytesOf } from '../core/bytes.ts';
import { PhalanxError, messageOf } from '../core/errors.ts';
import type { Image, ImageSize } from '../pixels/image.ts';
import { readLimitedFile } from './limitedFile.ts';
import type { FileKind } from './limitedFile.ts';

const imageFile: FileKind = {
  noun: 'image',
  missing: 'image/missing',
  unreadable: 'image/unreadable',
  maxBytes: 256 * 2 ** 20,
};

/** Largest image that is decoded: 8192 × 8192 pixels, sixteen times the competition's. */
const maxPixels = 8192 * 8192;

export interface DecodeOptions {
  /**
   * How many channels to return. Without it, as many as are stored (grey stays one channel, transparency is
   * dropped). One from colour is the luminance of ITU-R BT.601, which leaves repeated grey values as they are.
   */
  readonly channels?: 1 | 3;
}

/**
 * Decodes an 8-bit image file at full resolution. Colour profiles and orientation tags are ignored, as OpenCV's
 * `imread(…, IMREAD_UNCHANGED)` does, so the values are the stored ones.
 *
 * @throws PhalanxError `image/missing`, `image/truncated`, `image/unreadable`, `image/depth` (not 8 bits).
 */
export async function readImageFile(path: string, { channels }: DecodeOptions = {}): Promise<Image> {
  const bytes = await readLimitedFile(path, imageFile);
  try {
    const decoder = sharp(bytes, decoding);
    const metadata = await decoder.metadata();
    checkDepth(path, metadata.depth, metadata.isPalette);
    const grey = metadata.space === 'b-w';
    const { data, info } = await (grey ? decoder.toColourspace('b-w') : decoder)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const decoded = { width: info.width, height: info.height, channels: info.channels, data: bytesOf(data) };
    if (decoded.channels !== 1 && decoded.channels !== 3) {
      throw new Error(`${info.channels} channels after decoding`);
    }
    return channels === undefined ? decoded : withChannels(decoded, channels, path);
  } catch (cause) {
    throw decodingError(path, bytes, cause);
  }
}

/**
 * Reads a PNG file's size from its header, without reading the rest.
 *
 * @throws PhalanxError `image/missing`, `image/truncated`, `image/unreadable`.
 */
export async function readPngSize(path: string): Promise<ImageSize> {
  const header = await readLimitedFile(path, imageFile, headerBytes);
  if (isPng(header) && header.length < headerBytes) throw truncatedError(path, header.length);
  // PNG (3rd edition) 5.2 and 11.2.1: signature, then length and type of the first chunk, then width and height.
  if (!isPng(header) || header.toString('latin1', 12, 16) !== 'IHDR') {
    throw undecodableError(path, 'something that does not start as a PNG file');
  }
  const size = { width: header.readUInt32BE(16), height: header.readUInt32BE(20) };
  const pixels = size.width * size.height;
  if (pixels === 0 || pixels > maxPixels) {
    throw undecodableError(path, `${size.width} × ${size.height} pixels`);
  }
  return size;
}

const headerBytes = 24;

const decoding = {
  failOn: 'truncated',
  limitInputPixels: maxPixels,
  ignoreIcc: true,
  sequentialRead: true,
} as const;

function checkDepth(path: string, depth: string, palette: boolean): void {
  if (depth === 'uchar' || palette) return;
  throw new PhalanxError('image/depth', {
    what: 'The image does not have 8 bits per channel',
    where: path,
    expected: 'depth uchar',
    received: `depth ${depth}`,
    fix: 'Convert it to an 8-bit image',
  });
}

function decodingError(path: string, bytes: Uint8Array, cause: unknown): PhalanxError {
  if (cause instanceof PhalanxError) return cause;
  if (isPng(bytes) && !endsAsPng(bytes)) return truncatedError(path, bytes.length, cause);
  return undecodableError(path, messageOf(cause).trim().replaceAll(/\s+/g, ' '), cause);
}

function truncatedError(path: string, bytes: number, cause?: unknown): PhalanxError {
  return new PhalanxError(
    'image/truncated',
    {
      what: 'The image is truncated',
      where: path,
      expected: 'a complete PNG file',
      received: `${bytes} bytes without its end chunk`,
      fix: 'Copy the file again from its source',
    },
    { cause },
  );
}

function undecodableError(path: string, received: string, cause?: unknown): PhalanxError {
  return new PhalanxError(
    'image/unreadable',
    {
      what: 'The image cannot be decoded',
      where: path,
      expected: `an intact PNG image of at most ${maxPixels} pixels`,
      received,
    },
    { cause },
  );
}

const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const pngEnd = Buffer.from('IEND');

function isPng(bytes: Uint8Array): boolean {
  return pngSignature.equals(bytes.subarray(0, pngSignature.length));
}

function endsAsPng(bytes: Uint8Array): boolean {
  return pngEnd.equals(bytes.subarray(bytes.length - 8, bytes.length - 4));
}

/**
 * The image with this many channels: grey repeated, or the luminance of ITU-R BT.601 with OpenCV's rounding.
 *
 * @param where named in the error.
 * @throws PhalanxError `image/channels` when neither number is 1 or 3 and they differ.
 */
export function withChannels(image: Image, channels: number, where?: string): Image {
  const { width, height, data, channels: stored } = image;
  if (stored === channels) return image;
  const converted = new Uint8Array(width * height * channels);
  if (stored === 1 && channels === 3) {
    for (let pixel = 0, i = 0; pixel < data.length; pixel++, i += 3) {
      converted[i] = converted[i + 1] = converted[i + 2] = data[pixel]!;
    }
  } else if (stored === 3 && channels === 1) {
    // The fixed-point weights of cv2.cvtColor(…, COLOR_RGB2GRAY).
    for (let pixel = 0, i = 0; pixel < converted.length; pixel++, i += 3) {
      converted[pixel] = (data[i]! * 9798 + data[i + 1]! * 19235 + data[i + 2]! * 3735 + 16384) >> 15;
    }
  } else {
    throw new PhalanxError('image/channels', {
      what: 'The image has another number of channels than it is needed with',
      ...(where === undefined ? {} : { where }),
      expected: `${channels} channels`,
      received: `${stored} channels`,
      fix: 'Set data.channels to what data.format gives',
    });
  }
  return { width, height, channels, data: converted };
}
