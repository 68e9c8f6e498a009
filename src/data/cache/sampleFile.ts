import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { writeAtomic } from '../../core/atomicFile.ts';
import { bytesOf } from '../../core/bytes.ts';
import { allPlanes, planeCount } from '../../labels/labelMap.ts';
import { classAreas } from '../../labels/overlap.ts';
import { release, uninitialized, uninitializedPlanes } from '../../pixels/memory.ts';
import type { Sample } from '../dataset.ts';
import { checksumOf, packPlanes, unpackSample } from './packedSample.ts';

/** What a sample file has to hold to be accepted. */
export interface SampleShape {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly channels: number;
  readonly classes: number;
  /** Whether there is a plane of unknown pixels behind those of the classes. Default false. */
  readonly unknown?: boolean | undefined;
}

/**
 * A sample file is a header of 64 bytes, the pixels of each class as 32-bit integers, the image's bytes padded to a
 * multiple of four, and the label planes as `packPlanes` gives them, all little-endian. Header: magic, version, width,
 * height, channels, classes, CRC-32C of what follows the header, number of the planes' 32-bit words, whether the last of
 * them is that of unknown pixels (1 or 0).
 */
export const sampleExtension = '.sample';
/** Raised whenever files of the same name would hold something else. */
export const sampleVersion = 2;
const magic = Buffer.from('PHXSAMPL', 'latin1');
const headerBytes = 64;
const checksumOffset = 28;
const wordsOffset = 32;
const unknownOffset = 36;

interface Layout {
  /** Header and class areas. */
  readonly headBytes: number;
  readonly imageBytes: number;
  /** With padding. */
  readonly paddedBytes: number;
  readonly pixels: number;
  readonly planes: number;
  /** The most that the planes can take: every pixel a stretch of its own. */
  readonly maxWords: number;
}

function layoutOf({ width, height, channels, classes, unknown = false }: SampleShape): Layout {
  const pixels = width * height;
  const planes = planeCount(classes) + (unknown ? 1 : 0);
  const imageBytes = pixels * channels;
  return {
    headBytes: headerBytes + 4 * classes,
    imageBytes,
    paddedBytes: Math.ceil(imageBytes / 4) * 4,
    pixels,
    planes,
    maxWords: planes * (1 + 2 * pixels),
  };
}

function header(shape: SampleShape, checksum: number, words: number): Buffer {
  const { width, height, channels, classes, unknown = false } = shape;
  const bytes = Buffer.alloc(headerBytes);
  magic.copy(bytes);
  for (const [index, value] of [sampleVersion, width, height, channels, classes].entries()) {
    bytes.writeUInt32LE(value, magic.length + 4 * index);
  }
  bytes.writeUInt32LE(checksum, checksumOffset);
  bytes.writeUInt32LE(words, wordsOffset);
  bytes.writeUInt32LE(unknown ? 1 : 0, unknownOffset);
  return bytes;
}

/**
 * Writes image and labels of equal size so that a reader sees all of them or nothing.
 *
 * @returns bytes written.
 * @throws PhalanxError `file/write`.
 */
export async function writeSample(path: string, { image, labels }: Sample): Promise<number> {
  const shape = { ...image, classes: labels.classes, unknown: labels.unknown !== undefined };
  const { paddedBytes, imageBytes } = layoutOf(shape);
  const words = packPlanes(allPlanes(labels));
  const areas = Uint32Array.from(await classAreas(labels));
  const padding = new Uint8Array(paddedBytes - imageBytes);
  const parts = [bytesOf(areas), image.data, padding, bytesOf(words)];
  const head = header(shape, await checksumOf(parts), words.length);
  await writeAtomic(path, async (file) => {
    for (const part of [head, ...parts]) await file.writeFile(part);
  });
  return parts.reduce((sum, { length }) => sum + length, headerBytes);
}

/** Bytes of the file at `path` if it is a sample of this shape, whose content is only verified when it is read. */
export async function findSample(path: string, shape: SampleShape): Promise<number | undefined> {
  return withSample(path, shape, async ({ file, size, words }) => {
    const head = new Uint8Array(headerBytes);
    await file.read(head, 0, headerBytes, 0);
    return checksumIn(head, shape, words) === undefined ? undefined : size;
  });
}

/** Pixels of each class, `[classes]`, or undefined if there is no such sample; not verified. */
export async function readAreas(path: string, shape: SampleShape): Promise<Uint32Array | undefined> {
  return withSample(path, shape, async ({ file, words }) => {
    const head = new Uint8Array(headerBytes);
    const areas = new Uint32Array(shape.classes);
    await file.readv([head, bytesOf(areas)], 0);
    return checksumIn(head, shape, words) === undefined ? undefined : areas;
  });
}

/** Reads a sample in one piece, or undefined if there is none, or none that is whole and of this shape. */
export async function readSample(path: string, shape: SampleShape): Promise<Sample | undefined> {
  const { imageBytes, paddedBytes, pixels, planes } = layoutOf(shape);
  return withSample(path, shape, async ({ file, words: count }) => {
    const head = new Uint8Array(headerBytes);
    const padded = uninitialized(paddedBytes);
    const words = new Uint32Array(count);
    const parts = [new Uint8Array(4 * shape.classes), padded, bytesOf(words)];
    await file.readv([head, ...parts], 0);
    const checksum = checksumIn(head, shape, count);
    const labels = uninitializedPlanes(planes, pixels);
    // Where less was read than there should be, the checksum is another.
    if (checksum === undefined || !(await unpackSample(parts, checksum, words, labels, pixels))) {
      release([padded, ...labels]);
      return undefined;
    }
    const { width, height, channels, classes } = shape;
    return {
      image: { width, height, channels, data: padded.subarray(0, imageBytes) },
      labels: {
        width,
        height,
        classes,
        planes: labels.slice(0, planeCount(classes)),
        ...(shape.unknown === true ? { unknown: labels[planeCount(classes)]! } : {}),
      },
    };
  });
}

/** The checksum in a header, or undefined where it is not the header of such a sample. */
function checksumIn(head: Uint8Array, shape: SampleShape, words: number): number | undefined {
  const checksum = Buffer.from(head.buffer).readUInt32LE(checksumOffset);
  return header(shape, checksum, words).equals(head) ? checksum : undefined;
}

interface OpenSample {
  readonly file: FileHandle;
  /** Bytes. */
  readonly size: number;
  /** That the planes take, by the file's size. */
  readonly words: number;
}

/** Lends the file to `use` if its size can be that of a sample of this shape. */
async function withSample<Result>(
  path: string,
  shape: SampleShape,
  use: (sample: OpenSample) => Promise<Result | undefined>,
): Promise<Result | undefined> {
  const { headBytes, paddedBytes, planes, maxWords } = layoutOf(shape);
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const words = (size - headBytes - paddedBytes) / 4;
      const possible = Number.isInteger(words) && words >= planes && words <= maxWords;
      return possible ? await use({ file, size, words }) : undefined;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}
