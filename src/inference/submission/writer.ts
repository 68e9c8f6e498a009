import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { writeAtomic } from '../../core/atomicFile.ts';
import { submissionDialects } from './dialects.ts';
import type { SubmissionDialect } from './dialects.ts';
import { PhalanxError } from '../../core/errors.ts';

const bufferBytes = 1 << 20;
const needsQuotes = /[",\r\n]/;

/** What was written. */
export interface WrittenSubmission {
  readonly path: string;
  /** Without the header. */
  readonly rows: number;
  readonly bytes: number;
  /** Of the file's bytes, in hex. */
  readonly sha256: string;
}

/**
 * Writes a submission row by row, as pandas' `to_csv(index=False)` does (LF, quotes only where needed). Nothing
 * appears at `path` before `commit`; `abort`, or a process that dies, leaves what was there before.
 *
 * ```ts
 * await using writer = await SubmissionWriter.open('submissions/a.csv');
 * await writer.write('image1.png', 'Radius', '101 20 301 22');
 * const written = await writer.commit();
 * ```
 */
export class SubmissionWriter implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #written: Promise<void>;
  readonly #finish: (error?: Error) => void;
  readonly #hash = createHash('sha256');
  readonly #buffer = Buffer.allocUnsafe(bufferBytes);
  readonly #classless: boolean;
  #class: string | undefined;
  #used = 0;
  #bytes = 0;
  #rows = 0;
  #closed = false;

  private constructor(
    path: string,
    file: FileHandle,
    written: Promise<void>,
    finish: (error?: Error) => void,
    classless: boolean,
  ) {
    this.#classless = classless;
    this.#path = path;
    this.#file = file;
    this.#written = written;
    this.#finish = finish;
  }

  /** @throws PhalanxError `file/write` when the place cannot be written. */
  static async open(
    path: string,
    { columns }: SubmissionDialect = submissionDialects['hand-bone'],
  ): Promise<SubmissionWriter> {
    let finish: (error?: Error) => void = () => undefined;
    const finished = new Promise<void>((resolve, reject) => {
      finish = (error) => (error === undefined ? resolve() : reject(error));
    });
    let opened: (file: FileHandle) => void = () => undefined;
    const file = new Promise<FileHandle>((resolve) => (opened = resolve));
    const written = writeAtomic(path, async (handle) => {
      opened(handle);
      await finished;
    });
    written.catch(() => undefined);
    const handle = await Promise.race([file, written.then(() => file)]);
    const writer = new SubmissionWriter(path, handle, written, finish, columns.length === 2);
    await writer.#append(Buffer.from(`${columns.map(csvField).join(',')}\n`));
    return writer;
  }

  /**
   * @param rle in the dialect's code.
   * @throws PhalanxError `submission/classes` for a second class in a dialect without a column for it.
   */
  async write(imageName: string, className: string, rle: string): Promise<void> {
    if (this.#classless && this.#class !== undefined && this.#class !== className) {
      throw new PhalanxError('submission/classes', {
        what: 'The dialect has no column for the class, so only one class can be written',
        where: this.#path,
        expected: `"${this.#class}" in every row`,
        received: `"${className.slice(0, 200)}"`,
        fix: 'Name three columns with --columns',
      });
    }
    this.#class = className;
    const names = this.#classless ? [imageName] : [imageName, className];
    await this.#append(Buffer.from(`${names.map(csvField).join(',')},${csvField(rle)}\n`));
    this.#rows++;
  }

  /**
   * @param check Given the hash of what would be written; what it throws leaves the old file as it is.
   * @throws PhalanxError `file/write` when the disk is full; the old file is intact.
   */
  async commit(check?: (sha256: string) => void): Promise<WrittenSubmission> {
    await this.#flush();
    const sha256 = this.#hash.digest('hex');
    check?.(sha256);
    this.#closed = true;
    this.#finish();
    await this.#written;
    return { path: this.#path, rows: this.#rows, bytes: this.#bytes, sha256 };
  }

  /** Removes what was written; nothing after `commit`. */
  async abort(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#finish(new Error('aborted'));
    await this.#written.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    let from = 0;
    while (from < bytes.length) {
      const count = Math.min(bytes.length - from, bufferBytes - this.#used);
      this.#buffer.set(bytes.subarray(from, from + count), this.#used);
      this.#used += count;
      from += count;
      if (this.#used === bufferBytes) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    this.#used = 0;
    try {
      for (let from = 0; from < bytes.length;) {
        from += (await this.#file.write(bytes, from)).bytesWritten;
      }
    } catch (error) {
      this.#closed = true;
      this.#finish(error as Error);
      // Rejects with the clear error that `writeAtomic` makes of this one.
      await this.#written;
      throw error;
    }
  }
}

function csvField(text: string): string {
  return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
