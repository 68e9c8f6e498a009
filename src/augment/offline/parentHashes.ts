import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { SampleEntry } from '../../data/dataset.ts';

/** Hashes of what parents' files hold, each file read once. */
export class ParentHashes {
  readonly #hashes = new Map<string, Promise<string>>();

  /** SHA-256 over the files of the images and annotations of these entries, in their order. */
  async of(entries: readonly SampleEntry[]): Promise<string> {
    const whole = createHash('sha256');
    for (const { imagePath, annotationPath } of entries) {
      for (const path of [imagePath, annotationPath]) {
        whole.update(path === undefined ? '-' : await this.#file(path));
      }
    }
    return whole.digest('hex');
  }

  #file(path: string): Promise<string> {
    let hash = this.#hashes.get(path);
    if (hash === undefined) {
      hash = hashFile(path);
      this.#hashes.set(path, hash);
    }
    return hash;
  }
}

async function hashFile(path: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), digest);
  return digest.digest('hex');
}
