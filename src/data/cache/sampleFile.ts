import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { writeAtomic } from '../../core/atomicFile.ts';
import { bytesOf } from '../../core/bytes.ts';
import { planeCount } from '../../labels/labelMap.ts';
import type { Image } from '../../pixels/image.ts';
import { uninitialized } from '../../pixels/memory.ts';
import type { Sample } from '../dataset.ts';

/** What a sample file has to hold to be accepted. */
export interface SampleShape {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly channels: Image['channels'];
  readonly classes: number;
}

/**
 * A sample file is a header of 64 bytes, the image's bytes padded to a multiple of four, and the label planes, all
 * little-endian. Header: magic, version, width, height, channels, classes, CRC-32 of what follows the header.
 */
export const sampleExtension = '.sample';
const magic = Buffer.from('PHXSAMPL', 'latin1');
const version = 1;
const headerBytes = 64;
const checksumOffset = 28;

function layout({ width, height, channels, classes }: SampleShape) {
  const imageBytes = width * height * channels;
  const planesOffset = headerBytes + Math.ceil(imageBytes / 4) * 4;
  const planes = planeCount(classes);
  return { imageBytes, planesOffset, planes, total: planesOffset + planes * width * height * 4 };
}

function header({ width, height, channels, classes }: SampleShape, checksum: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  magic.copy(bytes);
  for (const [index, value] of [version, width, height, channels, classes].entries()) {
    bytes.writeUInt32LE(value, magic.length + 4 * index);
  }
  bytes.writeUInt32LE(checksum, checksumOffset);
  return bytes;
}

/**
 * Writes image and labels of equal size so that a reader sees all of them or nothing.
 *
 * @throws PhalanxError `file/write`.
 */
export async function writeSample(path: string, { image, labels }: Sample): Promise<void> {
  const shape = { ...image, classes: labels.classes };
  const { imageBytes, planesOffset } = layout(shape);
  const padding = Buffer.alloc(planesOffset - headerBytes - imageBytes);
  const parts = [image.data, padding, ...labels.planes.map(bytesOf)];
  const checksum = parts.reduce((sum, part) => crc32(part, sum), 0);
  await writeAtomic(path, async (file) => {
    await file.write(header(shape, checksum));
    for (const part of parts) await file.writeFile(part);
  });
}

/** Whether there is a sample of this shape; its content is only verified when it is read. */
export async function hasSample(path: string, shape: SampleShape): Promise<boolean> {
  const bytes = await readStart(path, headerBytes, layout(shape).total);
  return (
    bytes !== undefined &&
    header(shape, 0).subarray(0, checksumOffset).equals(bytes.subarray(0, checksumOffset))
  );
}

/** Reads a sample in one piece, or undefined if there is none, or none that is whole and of this shape. */
export async function readSample(path: string, shape: SampleShape): Promise<Sample | undefined> {
  const { imageBytes, planesOffset, planes, total } = layout(shape);
  const bytes = await readStart(path, total, total);
  if (bytes === undefined) return undefined;
  const checksum = crc32(bytes.subarray(headerBytes));
  if (!header(shape, checksum).equals(bytes.subarray(0, headerBytes))) return undefined;
  const { width, height, channels, classes } = shape;
  const pixels = width * height;
  const labels = Array.from(
    { length: planes },
    (_, plane) => new Uint32Array(bytes.buffer, bytes.byteOffset + planesOffset + plane * pixels * 4, pixels),
  );
  return {
    image: { width, height, channels, data: bytes.subarray(headerBytes, headerBytes + imageBytes) },
    labels: { width, height, classes, planes: labels },
  };
}

/** The first `length` bytes of a file that has exactly `size`. */
async function readStart(path: string, length: number, size: number): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      if ((await file.stat()).size !== size) return undefined;
      const bytes = uninitialized(length);
      const { bytesRead } = await file.read(bytes, 0, length, 0);
      return bytesRead === length ? bytes : undefined;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}
