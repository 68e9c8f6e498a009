import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import { PhalanxError } from '../../core/errors.ts';
import { LogitFile, encodeLogits, sameProvenance } from './logitFile.ts';
import type { LogitInfo, Provenance } from './logitFile.ts';

/** A file of logits: whole and made as wanted, made in another way, damaged, or not there. */
export type StoredState = 'whole' | 'other' | 'damaged' | 'missing';

/** A folder with one file of logits per image: one model's predictions. */
export class LogitStore {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  pathOf(image: string): string {
    return join(this.root, `${image}.logits`);
  }

  /** Names of the images that have a file, sorted. */
  async images(): Promise<string[]> {
    const names = await readdir(this.root).catch(() => []);
    return names.flatMap((name) => (/^[^.].*\.logits$/.test(name) ? [name.slice(0, -7)] : [])).sort();
  }

  /**
   * @param logits `[height, width, classes]`.
   * @returns the file's size in bytes.
   * @throws PhalanxError `logits/not-finite`, `file/write`.
   */
  async write(logits: Float32Array, info: LogitInfo): Promise<number> {
    const bytes = await encodeLogits(logits, info);
    await writeFileAtomic(this.pathOf(info.image), bytes);
    return bytes.length;
  }

  /**
   * Opens an image's file; its classes are read when they are asked for.
   *
   * @throws PhalanxError `logits/missing`, `logits/unreadable`, `logits/damaged`.
   */
  async read(image: string): Promise<LogitFile> {
    const path = this.pathOf(image);
    const file = await LogitFile.open(path);
    if (file.info.image === image) return file;
    throw new PhalanxError('logits/damaged', {
      what: 'The stored logits are of another image',
      where: path,
      expected: image,
      received: file.info.image,
    });
  }

  /** What there is of the image, compared with what is wanted. */
  async find(image: string, provenance: Provenance): Promise<StoredState> {
    try {
      const file = await this.read(image);
      if (!sameProvenance(file.info.provenance, provenance)) return 'other';
      await file.verify();
      return 'whole';
    } catch (error) {
      if (!(error instanceof PhalanxError)) throw error;
      return error.code === 'logits/missing' ? 'missing' : 'damaged';
    }
  }
}
