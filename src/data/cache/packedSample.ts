import { nativePixels } from '../../pixels/native.ts';

interface SampleKernels {
  checksum(parts: readonly Uint8Array[]): Promise<number>;
  unpackSample(
    parts: readonly Uint8Array[],
    checksum: number,
    words: Uint32Array,
    planes: readonly Uint32Array[],
    pixels: number,
  ): Promise<boolean>;
}

/**
 * CRC-32C of the parts one after the other, off the JavaScript thread.
 *
 * @param parts At least one.
 */
export function checksumOf(parts: readonly Uint8Array[]): Promise<number> {
  return nativePixels<SampleKernels>().checksum(parts);
}

/**
 * Label planes as stretches of equal pixels: for each plane their number, then value and length of each. Bones are
 * large and smooth, so this is a few per cent of the planes.
 */
export function packPlanes(planes: readonly Uint32Array[]): Uint32Array {
  const packed = planes.map((plane) => {
    let stretches = 0;
    for (let i = 0; i < plane.length; i++) if (i === 0 || plane[i] !== plane[i - 1]) stretches++;
    const words = new Uint32Array(1 + 2 * stretches);
    words[0] = stretches;
    let next = 1;
    for (let i = 0, start = 0; i < plane.length; i++) {
      if (i + 1 < plane.length && plane[i + 1] === plane[i]) continue;
      words[next++] = plane[i]!;
      words[next++] = i + 1 - start;
      start = i + 1;
    }
    return words;
  });
  const words = new Uint32Array(packed.reduce((sum, { length }) => sum + length, 0));
  let next = 0;
  for (const plane of packed) {
    words.set(plane, next);
    next += plane.length;
  }
  return words;
}

/**
 * Fills planes of `pixels` pixels from what `packPlanes` gave, off the JavaScript thread.
 *
 * @param parts Bytes whose checksum must be `checksum`.
 * @returns false when it is another, or the words are not those of such planes.
 */
export function unpackSample(
  parts: readonly Uint8Array[],
  checksum: number,
  words: Uint32Array,
  planes: readonly Uint32Array[],
  pixels: number,
): Promise<boolean> {
  return nativePixels<SampleKernels>().unpackSample(parts, checksum, words, planes, pixels);
}
