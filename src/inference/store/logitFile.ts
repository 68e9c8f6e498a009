import { open, stat } from 'node:fs/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw } from 'node:zlib';
import { z } from 'zod';
import { PhalanxError, messageOf } from '../../core/errors.ts';
import { readLimitedFile } from '../../data/limitedFile.ts';
import {
  blockRowsOf,
  blockSide,
  isWholePlane,
  largestPackedPlane,
  mixLogits,
  packLogits,
} from './packedPlane.ts';
import type { PackedPlane } from './packedPlane.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** What a file of logits says about itself. */
export interface LogitInfo {
  /** Base name of the image. */
  readonly image: string;
  /** Pixels of the logits. */
  readonly height: number;
  /** Pixels of the logits. */
  readonly width: number;
  /** Pixels of the image that they are upsampled to. */
  readonly originalHeight: number;
  /** Pixels of the image that they are upsampled to. */
  readonly originalWidth: number;
  readonly classes: readonly string[];
  readonly provenance: Provenance;
}

/**
 * What the logits were made with, by name: checkpoint's hash, test-time augmentation and so on. Logits made with
 * anything else are made again.
 */
export type Provenance = Readonly<Record<string, string>>;

/** Whether two provenances have the same names and values. */
export function sameProvenance(a: Provenance, b: Provenance): boolean {
  return isDeepStrictEqual({ ...a }, { ...b });
}

const magic = 'PHXLOGIT';
const version = 1;
const prefixBytes = 20;
const maximumSide = 16384;
const maximumClasses = 4096;
const maximumHeaderBytes = 1 << 20;
const logitFileKind = {
  noun: 'file of logits',
  missing: 'logits/missing',
  unreadable: 'logits/unreadable',
  maxBytes: 512 * 2 ** 20,
} as const;
/** Logits of this many values are 512 MB as floats; more are a damaged header, not a prediction. */
export const largestLogits = 2 ** 27;

const side = z.int().positive().max(maximumSide);
const streamEntry = z.strictObject({ bytes: z.int().positive(), crc32: z.int().nonnegative() });
type StreamEntry = z.infer<typeof streamEntry>;
const headerSchema = z.strictObject({
  image: z.string(),
  height: side,
  width: side,
  originalHeight: side,
  originalWidth: side,
  classes: z.array(z.string()).min(1).max(maximumClasses),
  provenance: z.record(z.string(), z.string()),
  block: z.literal(blockSide),
  streams: z.array(streamEntry),
});

/**
 * Encodes logits as a file (`docs/logit-store.md`).
 *
 * @param logits `[height, width, classes]`.
 * @throws PhalanxError `logits/not-finite` naming image and class when a logit is NaN.
 */
export async function encodeLogits(logits: Float32Array, info: LogitInfo): Promise<Uint8Array> {
  const { image, height, width, classes } = info;
  if (logits.length !== height * width * classes.length) {
    throw new RangeError(`${logits.length} logits for [${height}, ${width}, ${classes.length}]`);
  }
  const packed = await packLogits(logits, height, width, classes.length);
  if (typeof packed === 'number') throw notFinite(image, classes[packed % classes.length]!);
  return fileOf(info, await Promise.all(packed.map((plane) => deflate(plane))));
}

/** The stream of one class's logits, `[height, width]`; files are made of them by `fileOf`. */
export async function encodePlane(logits: Float32Array, info: LogitInfo, c: number): Promise<Uint8Array> {
  const packed = await packLogits(logits, info.height, info.width, 1);
  if (typeof packed === 'number') throw notFinite(info.image, info.classes[c]!);
  return deflate(packed[0]!);
}

/** The file with these streams, one per class. */
export function fileOf(info: LogitInfo, streams: readonly Uint8Array[]): Uint8Array {
  const header = Buffer.from(
    JSON.stringify({
      ...info,
      block: blockSide,
      streams: streams.map((stream) => ({ bytes: stream.length, crc32: crc32(stream) })),
    }),
  );
  const prefix = Buffer.alloc(prefixBytes);
  prefix.write(magic, 'latin1');
  prefix.writeUInt32LE(version, 8);
  prefix.writeUInt32LE(header.length, 12);
  prefix.writeUInt32LE(crc32(header), 16);
  return Buffer.concat([prefix, header, ...streams]);
}

function notFinite(image: string, className: string): PhalanxError {
  return new PhalanxError('logits/not-finite', {
    what: 'The model predicts a logit that is not a number',
    where: `image ${image}, class ${className}`,
    fix: 'The checkpoint is not usable: look at its training losses, or use an earlier one',
  });
}

/** Reads a range of a file that is known to have it. */
type ReadRange = (at: number, bytes: number) => Promise<Buffer>;

interface Stream {
  readonly at: number;
  readonly bytes: number;
  readonly crc32: number;
}

/** A file of logits whose header and length have been verified; streams are read and verified as they are unpacked. */
export class LogitFile {
  readonly info: LogitInfo;
  readonly #path: string;
  readonly #streams: readonly Stream[];
  readonly #read: ReadRange;

  private constructor(path: string, info: LogitInfo, streams: readonly Stream[], read: ReadRange) {
    this.#path = path;
    this.info = info;
    this.#streams = streams;
    this.#read = read;
  }

  /**
   * @param path for error messages.
   * @throws PhalanxError `logits/damaged`.
   */
  static parse(bytes: Buffer, path: string): LogitFile {
    const { info, streams } = parseStart(bytes, bytes.length, path);
    return new LogitFile(path, info, streams, (at, length) =>
      Promise.resolve(bytes.subarray(at, at + length)),
    );
  }

  /**
   * Opens a file without reading its logits: a class is read when it is asked for, and the file is open only then.
   *
   * @throws PhalanxError `logits/missing`, `logits/unreadable`, `logits/damaged`.
   */
  static async open(path: string): Promise<LogitFile> {
    const prefix = await readLimitedFile(path, logitFileKind, prefixBytes);
    const headerBytes = prefix.length < prefixBytes ? 0 : prefix.readUInt32LE(12);
    const startBytes = prefixBytes + Math.min(headerBytes, maximumHeaderBytes);
    const start = await readLimitedFile(path, logitFileKind, startBytes);
    const { size } = await stat(path);
    const { info, streams } = parseStart(start, size, path);
    return new LogitFile(path, info, streams, async (at, length) => {
      const file = await open(path);
      try {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, at);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    });
  }

  /** Bytes of all classes, compressed. */
  get bytes(): number {
    return this.#streams.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Of the logits of every class, whatever they were made with: equal for equal logits. */
  get checksum(): string {
    return this.#streams.map(({ bytes, crc32: sum }) => `${bytes}:${sum}`).join();
  }

  /** @throws PhalanxError `logits/damaged` when a stream does not match its checksum. */
  async verify(): Promise<void> {
    for (const c of this.#streams.keys()) await this.#stream(c);
  }

  /**
   * The packed plane of one class; it is whole.
   *
   * @throws PhalanxError `logits/damaged`.
   */
  async packedPlane(c: number): Promise<PackedPlane> {
    const { height, width } = this.info;
    const stream = await this.#stream(c);
    try {
      const packed = await inflate(stream, { maxOutputLength: largestPackedPlane(height, width) });
      if (!isWholePlane(packed, height, width)) throw new Error(`${packed.length} bytes unpacked`);
      return packed;
    } catch (cause) {
      throw damaged(this.#path, `class ${this.info.classes[c]!} cannot be unpacked`, cause);
    }
  }

  /**
   * The logits of one class, or of a part of its plane, `[height, width]` row-major.
   *
   * @throws PhalanxError `logits/damaged`.
   */
  async plane(c: number, tile: Tile = { x: 0, y: 0, ...this.info }): Promise<Float32Array> {
    const { height, width } = this.info;
    const { x, y } = tile;
    if (x < 0 || y < 0 || x + tile.width > width || y + tile.height > height) {
      throw new RangeError(`a tile outside of ${width} × ${height} logits`);
    }
    const from = Math.floor(y / blockSide);
    const to = Math.ceil((y + tile.height) / blockSide);
    const rows = Math.min(height, to * blockSide) - from * blockSide;
    const planes = [blockRowsOf(await this.packedPlane(c), height, width, from, to)];
    const logits = await mixLogits([{ planes, weights: [1] }], rows, width);
    const part = new Float32Array(tile.height * tile.width);
    for (let row = 0; row < tile.height; row++) {
      const at = (y - from * blockSide + row) * width + x;
      part.set(logits.subarray(at, at + tile.width), row * tile.width);
    }
    return part;
  }

  async #stream(c: number): Promise<Buffer> {
    const { at, bytes, crc32: expected } = this.#streams[c]!;
    const stream = await this.#read(at, bytes);
    if (crc32(stream) === expected) return stream;
    throw damaged(this.#path, `class ${this.info.classes[c]!} does not match its checksum`);
  }
}

/** A part of a plane, in pixels of the logits. */
export interface Tile {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** @param start at least prefix and header of a file of `size` bytes. */
function parseStart(
  start: Buffer,
  size: number,
  path: string,
): { readonly info: LogitInfo; readonly streams: readonly Stream[] } {
  if (start.length < prefixBytes || start.toString('latin1', 0, 8) !== magic) {
    throw damaged(path, 'no file of logits');
  }
  if (start.readUInt32LE(8) !== version) throw damaged(path, `version ${start.readUInt32LE(8)}`);
  const headerBytes = start.readUInt32LE(12);
  const header = start.subarray(prefixBytes, prefixBytes + headerBytes);
  if (headerBytes > maximumHeaderBytes || crc32(header) !== start.readUInt32LE(16)) {
    throw damaged(path, 'a header that does not match its checksum');
  }
  const { info, table } = parseHeader(header, path);
  const streams: Stream[] = [];
  let at = prefixBytes + headerBytes;
  for (const stream of table) {
    streams.push({ at, ...stream });
    at += stream.bytes;
  }
  if (table.length !== info.classes.length || info.height * info.width * table.length > largestLogits) {
    throw damaged(path, `${table.length} classes of ${info.height} × ${info.width} logits`);
  }
  if (at !== size) throw damaged(path, `${size} bytes where ${at} belong`);
  return { info, streams };
}

function parseHeader(header: Buffer, path: string): { info: LogitInfo; table: readonly StreamEntry[] } {
  try {
    const parsed = headerSchema.parse(JSON.parse(header.toString('utf8')));
    const { image, height, width, originalHeight, originalWidth, classes, provenance, streams } = parsed;
    return {
      info: { image, height, width, originalHeight, originalWidth, classes, provenance },
      table: streams,
    };
  } catch (cause) {
    throw damaged(path, `a header that cannot be read (${messageOf(cause).slice(0, 200)})`, cause);
  }
}

function damaged(path: string, received: string, cause?: unknown): PhalanxError {
  return new PhalanxError(
    'logits/damaged',
    {
      what: 'The stored logits are damaged',
      where: path,
      received,
      fix: 'Run the same prediction again: it keeps whole files and makes this one anew',
    },
    { cause },
  );
}
