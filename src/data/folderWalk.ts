import { opendir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { PhalanxError, messageOf } from '../core/errors.ts';
import type { Defect } from './defect.ts';

/** Files and folders that one walk may meet; the competition's dataset has about three thousand. */
const maxNames = 4_000_000;

interface Names {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/**
 * Lists folders below a root without ever leaving it: a symbolic link that leads out is reported, not followed.
 * Names that start with a dot are passed over.
 */
export class FolderWalk {
  /** Absolute, free of symbolic links. */
  readonly root: string;
  /** What could not be listed, and whatever a caller adds. */
  readonly defects: Defect[] = [];
  #met = 0;

  private constructor(root: string) {
    this.root = root;
  }

  /** @throws PhalanxError `dataset/missing` when the root is not a folder. */
  static async from(root: string): Promise<FolderWalk> {
    const missing = (received: string, cause?: unknown) =>
      new PhalanxError(
        'dataset/missing',
        { what: 'The dataset cannot be read', where: root, expected: 'a folder', received },
        { cause },
      );
    let real: string;
    try {
      real = await realpath(root);
      if (!(await stat(real)).isDirectory()) throw missing('a file');
    } catch (cause) {
      if (cause instanceof PhalanxError) throw cause;
      const gone = (cause as NodeJS.ErrnoException).code === 'ENOENT';
      throw missing(gone ? 'nothing of that name' : messageOf(cause), cause);
    }
    return new FolderWalk(real);
  }

  /**
   * Regular files and folders in a folder below the root; both empty if there is no such folder.
   *
   * @throws PhalanxError `dataset/too-large`.
   */
  async list(folder: string): Promise<Names> {
    const files: string[] = [];
    const folders: string[] = [];
    if (folder !== this.root && (await this.#kind(folder)) !== 'folder') return { files, folders };
    try {
      for await (const entry of await opendir(folder)) {
        if (++this.#met > maxNames) throw this.#tooLarge();
        const { name } = entry;
        if (name.startsWith('.')) continue;
        const link = entry.isSymbolicLink() ? await this.#kind(join(folder, name), true) : undefined;
        if (entry.isFile() || link === 'file') files.push(name);
        if (entry.isDirectory() || link === 'folder') folders.push(name);
      }
    } catch (cause) {
      if (cause instanceof PhalanxError) throw cause;
      this.defects.push(unreadable(folder, messageOf(cause)));
    }
    return { files, folders };
  }

  /** What a path leads to, if that is inside the root; whether nothing being there is a defect depends. */
  async #kind(path: string, mustExist = false): Promise<'file' | 'folder' | 'nothing'> {
    try {
      const real = await realpath(path);
      if (!real.startsWith(this.root + sep)) {
        this.defects.push(outside(path, relative(this.root, real)));
        return 'nothing';
      }
      const status = await stat(real);
      return status.isDirectory() ? 'folder' : status.isFile() ? 'file' : 'nothing';
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code;
      const gone = code === 'ENOENT' || code === 'ENOTDIR';
      if (mustExist || !gone) this.defects.push(unreadable(path, messageOf(cause)));
      return 'nothing';
    }
  }

  #tooLarge(): PhalanxError {
    return new PhalanxError('dataset/too-large', {
      what: 'The folder has more files than a dataset is allowed',
      where: this.root,
      expected: `at most ${maxNames} files and folders`,
    });
  }
}

/** What leads out of a dataset, through a symbolic link or by `..`. */
export const outside = (file: string, received: string): Defect => ({
  severity: 'error',
  code: 'dataset/outside-root',
  file,
  what: 'The path or symbolic link leads out of the dataset',
  expected: "a place inside the dataset's folder",
  received,
  fix: 'Copy what it leads to into its place',
});

const unreadable = (file: string, received: string): Defect => ({
  severity: 'error',
  code: 'dataset/unreadable',
  file,
  what: 'The file or folder cannot be read',
  received,
});
