import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { PhalanxError, messageOf } from '../../core/errors.ts';
import { malformed } from './defect.ts';

const { O_RDONLY, O_NONBLOCK } = constants;

/** A file that is read here and there. */
export class Source {
  readonly path: string;
  readonly size: number;
  readonly #file: FileHandle;

  private constructor(path: string, size: number, file: FileHandle) {
    this.path = path;
    this.size = size;
    this.#file = file;
  }

  /** @throws PhalanxError `torch-file/open` */
  static async open(path: string): Promise<Source> {
    try {
      // Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
      const file = await open(path, O_RDONLY | O_NONBLOCK);
      const status = await file.stat();
      if (status.isFile()) return new Source(path, status.size, file);
      await file.close();
    } catch (cause) {
      throw new PhalanxError(
        'torch-file/open',
        {
          what: 'The weights file cannot be opened',
          where: path,
          received: messageOf(cause),
          fix: 'Check the path',
        },
        { cause },
      );
    }
    throw new PhalanxError('torch-file/open', {
      what: 'The weights path is not a file',
      where: path,
      expected: 'a .pth or .pt file',
    });
  }

  /** A copy of a range, in a buffer of its own; memory is claimed only when the range lies inside the file. */
  async read(start: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    if (start < 0 || bytes < 0 || start + bytes > this.size) {
      throw malformed(this.path, `at least ${start + bytes} bytes`, `${this.size} bytes`);
    }
    const target = new Uint8Array(bytes);
    let filled = 0;
    while (filled < bytes) {
      const length = Math.min(bytes - filled, 2 ** 30);
      const { bytesRead } = await this.#file.read(target, filled, length, start + filled);
      if (bytesRead === 0) throw malformed(this.path, `${start + bytes} bytes`, 'a file that became shorter');
      filled += bytesRead;
    }
    return target;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
