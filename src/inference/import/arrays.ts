import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { bytesOf } from '../../core/bytes.ts';
import { PhalanxError } from '../../core/errors.ts';
import { Source } from '../../nn/torchFile/source.ts';
import { readZip } from '../../nn/torchFile/zip.ts';
import type { ZipEntry } from '../../nn/torchFile/zip.ts';
import { refused } from './npy.ts';
import type { ByteSource } from './npy.ts';

/** An array that can be read, and closed. */
export type OpenArray = ByteSource & AsyncDisposable;

export interface ImageArray {
  readonly image: string;
  readonly open: () => Promise<OpenArray>;
}

/** Of one compressed array, which is in memory as a whole while it is imported: 29 classes at 2048² in float32. */
const mostInflated = 512 * 2 ** 20;

const inflate = promisify(inflateRaw);

/**
 * The arrays of a folder of .npy files or of a .npz archive, stored or compressed (`numpy.savez_compressed`), in the
 * order of their names.
 *
 * @throws PhalanxError `logits/import` for a folder or an archive that cannot be read. Opening an array throws the same.
 */
export async function listArrays(from: string): Promise<ImageArray[]> {
  return from.endsWith('.npz') ? await entriesOf(from) : await filesOf(from);
}

async function filesOf(folder: string): Promise<ImageArray[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new PhalanxError('logits/import', { what: 'The folder cannot be read', where: folder }, { cause });
  });
  return names
    .filter((name) => name.endsWith('.npy'))
    .sort()
    .map((name) => ({
      image: name.slice(0, -4),
      open: async () => {
        const source = await openFile(join(folder, name));
        const read = (at: number, bytes: number): Promise<Uint8Array> => source.read(at, bytes);
        return { name: source.path, size: source.size, read, [Symbol.asyncDispose]: () => source.close() };
      },
    }));
}

async function entriesOf(path: string): Promise<ImageArray[]> {
  const source = await openFile(path);
  try {
    const entries = await readZip(source, { deflated: true });
    return [...entries.values()]
      .filter(({ name }) => name.endsWith('.npy'))
      .map((entry) => ({
        image: basename(entry.name.slice(0, -4)),
        open: () => (entry.inflated === undefined ? openStored(path, entry) : openDeflated(path, entry)),
      }));
  } catch (cause) {
    throw importError(cause, path);
  } finally {
    await source.close();
  }
}

async function openStored(path: string, { name, start, bytes }: ZipEntry): Promise<OpenArray> {
  const archive = await openFile(path);
  const read = (at: number, length: number): Promise<Uint8Array> => archive.read(start + at, length);
  return { name: `${path}: ${name}`, size: bytes, read, [Symbol.asyncDispose]: () => archive.close() };
}

async function openDeflated(
  path: string,
  { name, start, bytes, inflated = 0 }: ZipEntry,
): Promise<OpenArray> {
  const place = { name: `${path}: ${name}` };
  if (inflated > mostInflated || bytes > mostInflated) {
    const size = Math.max(inflated, bytes);
    throw refused(place, `at most ${mostInflated} bytes compressed or unpacked`, String(size));
  }
  const archive = await openFile(path);
  try {
    // What is longer than the archive says ends here, before it fills the memory.
    const whole = bytesOf(await inflate(await archive.read(start, bytes), { maxOutputLength: inflated + 1 }));
    if (whole.length !== inflated) throw refused(place, `${inflated} bytes unpacked`, String(whole.length));
    const read = (at: number, length: number): Promise<Uint8Array> =>
      Promise.resolve(whole.subarray(at, at + length));
    return { ...place, size: inflated, read, [Symbol.asyncDispose]: () => Promise.resolve() };
  } catch (cause) {
    throw importError(cause, place.name);
  } finally {
    await archive.close();
  }
}

async function openFile(path: string): Promise<Source> {
  try {
    return await Source.open(path);
  } catch (cause) {
    throw importError(cause, path);
  }
}

/** What the reader of archives or zlib says, as an error of importing. */
function importError(cause: unknown, where: string): unknown {
  if (cause instanceof PhalanxError) {
    if (cause.code === 'logits/import') return cause;
    const { expected, received } = cause.parts;
    return new PhalanxError(
      'logits/import',
      {
        what: 'The file of arrays cannot be read',
        where,
        ...(expected === undefined ? {} : { expected }),
        ...(received === undefined ? {} : { received }),
      },
      { cause },
    );
  }
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (!/^(Z_|ERR_BUFFER_TOO_LARGE|ERR_OUT_OF_RANGE)/.test(code)) return cause;
  return new PhalanxError(
    'logits/import',
    { what: 'A compressed array is damaged', where, received: (cause as Error).message },
    { cause },
  );
}
