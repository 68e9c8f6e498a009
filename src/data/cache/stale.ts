import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SampleCache } from './cache.ts';
import { sampleExtension } from './sampleFile.ts';
import { isCurrent, settingsName } from './settings.ts';

/** A file that nobody reads any more. */
export interface StaleFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** A temporary file older than this was left by a build that was killed, in milliseconds. */
const abandonedAfter = 60 * 60 * 1000;

/** How folders of samples are named. */
const folderName = /^[0-9a-f]{32}$/;

/**
 * Finds samples with the cache's settings that none of its entries uses, because image or annotation have changed or
 * are gone; folders of samples that another version of Phalanx wrote; and what killed builds have left. Samples that
 * another dataset shares the folder with count as stale: dropping them costs the time to make them again. Samples of
 * other sizes and settings stay.
 */
export async function findStale(cache: Pick<SampleCache, 'folder' | 'paths'>): Promise<StaleFile[]> {
  const directory = dirname(cache.folder);
  const stale: StaleFile[] = [];
  const look = async (folder: string, isStale: (path: string) => boolean): Promise<void> => {
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      const status = await stat(path).catch(() => undefined);
      if (status?.isFile() !== true) continue;
      const abandoned = name.endsWith('.tmp') && Date.now() - status.mtimeMs > abandonedAfter;
      if (abandoned || isStale(path)) stale.push({ path, size: status.size });
    }
  };
  await look(directory, () => false);
  for (const name of await readdir(directory).catch(() => [])) {
    if (!folderName.test(name)) continue;
    const folder = join(directory, name);
    const dead = !(await isCurrent(folder));
    await look(folder, (path) => {
      const unused = folder === cache.folder && !cache.paths.has(path);
      if (path.endsWith(sampleExtension)) return dead || unused;
      return dead && path.endsWith(settingsName);
    });
  }
  return stale;
}

/** Removes what `findStale` found, and folders that are empty then; what is gone already does not matter. */
export async function dropStale(files: readonly StaleFile[]): Promise<void> {
  for (const { path } of files) await rm(path, { force: true });
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) {
    if (folderName.test(folder.slice(-32))) await rmdir(folder).catch(() => undefined);
  }
}
