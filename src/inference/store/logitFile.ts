import { isDeepStrictEqual, promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw } from 'node:zlib';
import { z } from 'zod';
import { PhalanxError, messageOf } from '../../core/errors.ts';
import { blockSide, isWholePlane, largestPackedPlane, packLogits } from './packedPlane.ts';
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
  if (typeof packed === 'number') {
    throw new PhalanxError('logits/not-finite', {
      what: 'The model predicts a logit that is not a number',
      where: `image ${image}, class ${classes[packed % classes.length]!}`,
      fix: 'The checkpoint is not usable: look at its training losses, or use an earlier one',
    });
  }
  const streams = await Promise.all(packed.map((plane) => deflate(plane)));
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

/** A file of logits whose header and length have been verified; streams are verified as they are unpacked. */
export class LogitFile {
  readonly info: LogitInfo;
  readonly #path: string;
  readonly #streams: readonly { readonly bytes: Buffer; readonly crc32: number }[];

  private constructor(
    path: string,
    info: LogitInfo,
    streams: readonly { readonly bytes: Buffer; readonly crc32: number }[],
  ) {
    this.#path = path;
    this.info = info;
    this.#streams = streams;
  }

  /**
   * @param path for error messages.
   * @throws PhalanxError `logits/damaged`.
   */
  static parse(bytes: Buffer, path: string): LogitFile {
    if (bytes.length < prefixBytes || bytes.toString('latin1', 0, 8) !== magic) {
      throw damaged(path, 'no file of logits');
    }
    if (bytes.readUInt32LE(8) !== version) throw damaged(path, `version ${bytes.readUInt32LE(8)}`);
    const headerBytes = bytes.readUInt32LE(12);
    const header = bytes.subarray(prefixBytes, prefixBytes + headerBytes);
    if (headerBytes > maximumHeaderBytes || crc32(header) !== bytes.readUInt32LE(16)) {
      throw damaged(path, 'a header that does not match its checksum');
    }
    const { info, table } = parseHeader(header, path);
    const streams: { bytes: Buffer; crc32: number }[] = [];
    let at = prefixBytes + headerBytes;
    for (const stream of table) {
      streams.push({ bytes: bytes.subarray(at, at + stream.bytes), crc32: stream.crc32 });
      at += stream.bytes;
    }
    if (table.length !== info.classes.length || info.height * info.width * table.length > largestLogits) {
      throw damaged(path, `${table.length} classes of ${info.height} × ${info.width} logits`);
    }
    if (at !== bytes.length) throw damaged(path, `${bytes.length} bytes where ${at} belong`);
    return new LogitFile(path, info, streams);
  }

  /** @throws PhalanxError `logits/damaged` when a stream does not match its checksum. */
  verify(): void {
    for (const c of this.#streams.keys()) this.#stream(c);
  }

  /**
   * The packed plane of one class; it is whole.
   *
   * @throws PhalanxError `logits/damaged`.
   */
  async packedPlane(c: number): Promise<PackedPlane> {
    const { height, width } = this.info;
    const stream = this.#stream(c);
    try {
      const packed = await inflate(stream, { maxOutputLength: largestPackedPlane(height, width) });
      if (!isWholePlane(packed, height, width)) throw new Error(`${packed.length} bytes unpacked`);
      return packed;
    } catch (cause) {
      throw damaged(this.#path, `class ${this.info.classes[c]!} cannot be unpacked`, cause);
    }
  }

  #stream(c: number): Buffer {
    const stream = this.#streams[c]!;
    if (crc32(stream.bytes) === stream.crc32) return stream.bytes;
    throw damaged(this.#path, `class ${this.info.classes[c]!} does not match its checksum`);
  }
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
