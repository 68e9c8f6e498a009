import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import type { ImageSize } from '../../pixels/image.ts';
import { undecodable } from './undecodable.ts';
import type { StoredImage } from './stored.ts';

/**
 * PNG files with one sample of up to 8 bits per pixel whose value a general decoder would not give back: indices into a
 * palette, which it replaces by colours, and grey of 1, 2 or 4 bits, which it stretches to 8. Label images are often
 * of these kinds, and there the stored value is the class.
 *
 * Source: Portable Network Graphics (third edition), sections 7 (order of samples) and 9 (filters).
 */

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Bytes of the signature and the header's chunk. */
export const headerEnd = 33;
const inflated = promisify(inflate);

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly interlaced: boolean;
}

function headerOf(bytes: Buffer): Header | undefined {
  if (bytes.length < headerEnd || !bytes.subarray(0, 8).equals(signature)) return undefined;
  return {
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    depth: bytes[24]!,
    colourType: bytes[25]!,
    interlaced: bytes[28] !== 0,
  };
}

/** Width and height that the bytes' beginning names, if they begin as a PNG file. */
export function pngSize(bytes: Buffer): ImageSize | undefined {
  return headerOf(bytes);
}

/** Whether the bytes begin as a PNG file of these kinds. */
export function narrowPng(bytes: Buffer): boolean {
  const header = headerOf(bytes);
  return header !== undefined && (header.colourType === 3 || (header.colourType === 0 && header.depth < 8));
}

/**
 * The stored samples.
 *
 * @throws PhalanxError `image/unreadable`.
 */
export async function decodeNarrowPng(bytes: Buffer, path: string, maxPixels: number): Promise<StoredImage> {
  try {
    const { width, height, depth, interlaced } = headerOf(bytes)!;
    if (width * height === 0 || width * height > maxPixels) throw new Error(`${width} × ${height} pixels`);
    if (![1, 2, 4, 8].includes(depth)) throw new Error(`${depth} bits per pixel`);
    if (interlaced) throw new Error('an interlaced palette or narrow grey image');
    const stride = Math.ceil((width * depth) / 8);
    const size = height * (stride + 1);
    const rows = await inflated(compressed(bytes), { maxOutputLength: size });
    if (rows.length !== size) throw new Error('fewer rows than its header says');
    unfilter(rows, stride, height);
    return {
      width,
      height,
      channels: 1,
      data: unpack(rows, { width, height, depth, stride }),
      slope: 1,
      intercept: 0,
    };
  } catch (cause) {
    throw undecodable(path, maxPixels, cause);
  }
}

/** The content of all IDAT chunks in turn. */
function compressed(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = signature.length; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (at + 12 + length > bytes.length) throw new Error(`a ${type} chunk that is cut short`);
    if (type === 'IEND') return Buffer.concat(parts);
    if (type === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  throw new Error('a file without its end chunk');
}

/** Undoes the rows' filters in place; each row begins with the number of its filter. */
function unfilter(rows: Buffer, stride: number, height: number): void {
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1) + 1;
    const filter = rows[start - 1]!;
    for (let x = start; x < start + stride; x++) {
      const left = x > start ? rows[x - 1]! : 0;
      const above = y > 0 ? rows[x - stride - 1]! : 0;
      const corner = x > start && y > 0 ? rows[x - stride - 2]! : 0;
      rows[x] = rows[x]! + predicted(filter, left, above, corner);
    }
  }
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4: {
      const [a, b, c] = [
        Math.abs(above - corner),
        Math.abs(left - corner),
        Math.abs(left + above - 2 * corner),
      ];
      return a <= b && a <= c ? left : b <= c ? above : corner;
    }
    default:
      throw new Error(`a row with the unknown filter ${filter}`);
  }
}

function unpack(
  rows: Buffer,
  { width, height, depth, stride }: Omit<Header, 'colourType' | 'interlaced'> & { readonly stride: number },
): Uint8Array {
  const samples = new Uint8Array(width * height);
  const mask = (1 << depth) - 1;
  for (let y = 0, i = 0; y < height; y++) {
    const start = y * (stride + 1) + 1;
    for (let x = 0; x < width; x++, i++) {
      const bit = x * depth;
      samples[i] = (rows[start + (bit >> 3)]! >> (8 - depth - (bit & 7))) & mask;
    }
  }
  return samples;
}
