import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SampleCache } from './cache.ts';
import { sampleExtension } from './sampleFile.ts';

/** A file that nobody reads any more. */
export interface StaleFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** A temporary file older than this was left by a build that was killed, in milliseconds. */
const abandonedAfter = 60 * 60 * 1000;

/**
 * Finds samples with the cache's settings that none of its entries uses, because image or annotation have changed or
 * are gone, and what killed builds have left. Samples that another dataset shares the folder with count as stale:
 * dropping them costs the time to make them again.
 */
export async function findStale(cache: SampleCache): Promise<StaleFile[]> {
  const stale: StaleFile[] = [];
  for (const name of await readdir(cache.folder).catch(() => [])) {
    const path = join(cache.folder, name);
    const status = await stat(path).catch(() => undefined);
    if (status?.isFile() !== true) continue;
    const unused = name.endsWith(sampleExtension) && !cache.paths.has(path);
    const abandoned = name.endsWith('.tmp') && Date.now() - status.mtimeMs > abandonedAfter;
    if (unused || abandoned) stale.push({ path, size: status.size });
  }
  return stale;
}

/** Removes what `findStale` found; what is gone already does not matter. */
export async function dropStale(files: readonly StaleFile[]): Promise<void> {
  for (const { path } of files) await rm(path, { force: true });
}
