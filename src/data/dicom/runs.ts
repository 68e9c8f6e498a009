import type { DicomImage } from './parse.ts';

/**
 * Decodes DICOM's run-length encoding: a header of 64 bytes with the number and places of the segments, then one
 * segment for each byte of a sample, most significant first, each compressed as PackBits.
 *
 * @returns samples plane by plane, little-endian. Source: DICOM PS3.5 annex G.
 * @throws Error that says what is wrong.
 */
export function decodeRuns(
  bytes: Buffer,
  { width, height, samplesPerPixel, bitsAllocated }: DicomImage,
): Buffer {
  const pixels = width * height;
  const sampleSize = bitsAllocated / 8;
  const segments = samplesPerPixel * sampleSize;
  if (bytes.length < 64 || bytes.readUInt32LE(0) !== segments) {
    throw new Error('run-length encoded pixels without a proper header');
  }
  const decoded = Buffer.alloc(pixels * segments);
  for (let segment = 0; segment < segments; segment++) {
    const start = bytes.readUInt32LE(4 + 4 * segment);
    const end = segment + 1 < segments ? bytes.readUInt32LE(8 + 4 * segment) : bytes.length;
    if (start < 64 || end < start || end > bytes.length) throw new Error('a run-length segment out of place');
    const plane = Math.floor(segment / sampleSize) * pixels * sampleSize;
    const byte = sampleSize - 1 - (segment % sampleSize);
    const filled = unpack(bytes.subarray(start, end), pixels, (index, value) => {
      decoded[plane + index * sampleSize + byte] = value;
    });
    if (filled < pixels) throw new Error(`${filled} run-length encoded pixels where ${pixels} belong`);
  }
  return decoded;
}

/** Calls `put` for each of up to `count` bytes, and tells how many there were. */
function unpack(bytes: Buffer, count: number, put: (index: number, value: number) => void): number {
  let index = 0;
  for (let at = 0; at < bytes.length && index < count;) {
    const control = bytes.readInt8(at++);
    if (control >= 0) {
      for (let i = 0; i <= control && at < bytes.length && index < count; i++) put(index++, bytes[at++]!);
    } else if (control > -128 && at < bytes.length) {
      const value = bytes[at++]!;
      for (let i = 0; i <= -control && index < count; i++) put(index++, value);
    }
  }
  return index;
}
