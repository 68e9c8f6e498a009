import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import { PhalanxError, messageOf } from '../../core/errors.ts';

const hashedFile = z.object({
  size: z.number(),
  modified: z.string(),
  changed: z.string(),
  hash: z.string(),
});
type HashedFile = z.infer<typeof hashedFile>;
const indexSchema = z.object({ version: z.literal(1), files: z.record(z.string(), hashedFile) });

/**
 * A file that was modified this shortly before it was hashed is hashed again the next time: a second change within the
 * clock's resolution would leave size and times as they are (git calls such files racy).
 */
const settledAfterNs = 2_000_000_000n;

/**
 * Content hashes of source files, remembered across runs by path, size and times, so that an unchanged dataset is not
 * read again just to find out that it is unchanged.
 */
export class SourceIndex {
  readonly #path: string;
  readonly #files: Map<string, HashedFile>;
  /** What is being hashed: the slices of a volume ask for one file at once. */
  readonly #inWork = new Map<string, Promise<string>>();
  #added = false;

  private constructor(path: string, files: Map<string, HashedFile>) {
    this.#path = path;
    this.#files = files;
  }

  /** Loads the index at `path`; one that is missing or damaged is empty. */
  static async load(path: string): Promise<SourceIndex> {
    return new SourceIndex(path, await readIndex(path));
  }

  /**
   * SHA-256 of the file's content, in hexadecimal.
   *
   * @throws PhalanxError `cache/source` when the file cannot be read.
   */
  async hash(path: string): Promise<string> {
    const inWork = this.#inWork.get(path) ?? this.#hash(path);
    this.#inWork.set(path, inWork);
    try {
      return await inWork;
    } finally {
      this.#inWork.delete(path);
    }
  }

  async #hash(path: string): Promise<string> {
    try {
      const status = await stat(path, { bigint: true });
      const size = Number(status.size);
      const modified = status.mtimeNs.toString();
      const changed = status.ctimeNs.toString();
      const known = this.#files.get(path);
      if (known?.size === size && known.modified === modified && known.changed === changed) return known.hash;
      const digest = createHash('sha256');
      await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), digest);
      const hash = digest.digest('hex');
      const newest = status.mtimeNs > status.ctimeNs ? status.mtimeNs : status.ctimeNs;
      if (BigInt(Date.now()) * 1_000_000n - newest > settledAfterNs) {
        this.#files.set(path, { size, modified, changed, hash });
        this.#added = true;
      }
      return hash;
    } catch (cause) {
      throw new PhalanxError(
        'cache/source',
        { what: 'A file of the dataset cannot be read', where: path, received: messageOf(cause) },
        { cause },
      );
    }
  }

  /** Stores what was added. What another process stored meanwhile is kept, unless it stores at this very moment. */
  async save(): Promise<void> {
    if (!this.#added) return;
    const files = new Map([...(await readIndex(this.#path)), ...this.#files]);
    await writeFileAtomic(this.#path, JSON.stringify({ version: 1, files: Object.fromEntries(files) }));
    this.#added = false;
  }
}

async function readIndex(path: string): Promise<Map<string, HashedFile>> {
  try {
    const { files } = indexSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return new Map(Object.entries(files));
  } catch {
    // Nothing is lost with it but the time to hash the files again.
    return new Map();
  }
}
