import { mkdir, readFile, readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { z } from 'zod';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import { PhalanxError } from '../../core/errors.ts';
import { offlineManifestName } from '../../data/offline.ts';
import type { OfflineManifest } from '../../data/offline.ts';
import { readChild, writeChild } from './child.ts';
import { makeChild } from './make.ts';
import type { ChildRecord, OfflineEvent, OfflineOptions, OfflineSettings } from './options.ts';
import { offlineSettingsSchema } from './options.ts';
import type { PlannedChild } from './plan.ts';
import { ParentHashes } from './parentHashes.ts';
import { planOffline } from './plan.ts';

/** Marks the folder as one of these datasets, and says which. */
const planName = 'plan.json';

/**
 * Writes images made of training images (mosaics, rotations, RICAP, copy-paste, any transform) as a dataset in the
 * competition's layout, with a manifest of parents (`augmentation.json`, written last: an unfinished dataset has none,
 * and so cannot be trained on).
 *
 * The images depend on settings and entries only, not on concurrency or interruptions. Running again after an
 * interruption keeps what is finished, intact and made of the parents as they are. Leaving the loop stops the work.
 *
 * @throws PhalanxError `offline/settings`, `offline/too-few`, `offline/exists` when the folder holds something else,
 *   `offline/unknown-pixels` for a dataset that may have unknown pixels,
 *   `file/write`, and what reading the parents throws; the signal's reason when it is aborted.
 */
export async function* writeOffline(options: OfflineOptions): AsyncGenerator<OfflineEvent, void, void> {
  const { dataset, entries, groupOf, output, signal } = options;
  if (dataset.unknown === true) throw cannotKeepUnknown(dataset.root);
  const settings = parseSettings(options.settings);
  const plan = planOffline(entries, groupOf, settings);
  signal?.throwIfAborted();
  await claim(output, plan.key);
  const total = plan.children.length;
  yield { type: 'start', total };

  const records = new Map<string, ChildRecord>();
  const limit = pLimit(options.concurrency ?? Math.max(2, availableParallelism()));
  let stopped = false;
  const hashes = new ParentHashes();
  const work = async (child: PlannedChild): Promise<{ child: PlannedChild; kept: boolean } | undefined> => {
    if (stopped) return undefined;
    signal?.throwIfAborted();
    const key = `${plan.key} ${await hashes.of(child.parents)}`;
    const existing = await readChild(output, child.name, key);
    if (existing !== undefined) {
      records.set(child.name, existing);
      return { child, kept: true };
    }
    const { sample, record } = await makeChild(child, dataset, settings);
    await writeChild(output, child.name, key, sample, record, dataset.classes);
    records.set(child.name, record);
    return { child, kept: false };
  };
  const running = plan.children.map((child) => limit(work, child));
  // A failure is thrown when its turn comes below; until then it must not count as unhandled.
  for (const promise of running) promise.catch(() => undefined);
  let [done, kept] = [0, 0];
  try {
    for (const promise of running) {
      const result = await promise;
      if (result === undefined) continue;
      done++;
      if (result.kept) kept++;
      const { name, kind } = result.child;
      yield { type: 'child', name, kind, kept: result.kept, done, total };
    }
  } finally {
    stopped = true;
    await Promise.allSettled(running);
  }
  const manifestPath = await writeManifest(output, plan.children, records);
  yield { type: 'end', manifestPath, made: done - kept, kept };
}

function cannotKeepUnknown(where: string): PhalanxError {
  return new PhalanxError('offline/unknown-pixels', {
    what: 'Images made offline are written with polygons, which cannot say which pixels are unknown',
    where,
    expected: 'a dataset whose format names no unknown values',
    fix: 'Augment while training instead, which keeps them',
  });
}

function parseSettings(settings: OfflineOptions['settings']): OfflineSettings {
  const result = offlineSettingsSchema.safeParse(settings);
  if (result.success) return result.data;
  throw new PhalanxError('offline/settings', {
    what: 'The settings of the offline augmentation are not valid',
    received: z.prettifyError(result.error).replaceAll(/\s+/g, ' '),
  });
}

async function claim(output: string, key: string): Promise<void> {
  await mkdir(output, { recursive: true });
  const path = join(output, planName);
  const found = await readdir(output);
  const hidden = found.filter((name) => !name.startsWith('.'));
  if (hidden.length === 0) {
    await writeFileAtomic(path, `${JSON.stringify({ version: 1, key })}\n`);
    return;
  }
  const stored = await readFile(path, 'utf8').catch(() => '');
  if (stored === `${JSON.stringify({ version: 1, key })}\n`) return;
  throw new PhalanxError('offline/exists', {
    what: 'The folder for the augmented dataset is already in use',
    where: output,
    expected: 'a new folder, or one left by an interrupted run with the same settings and images',
    received: hidden.includes(planName) ? 'images of other settings' : hidden.slice(0, 5).join(', '),
    fix: 'Choose another folder or remove this one',
  });
}

async function writeManifest(
  output: string,
  children: readonly PlannedChild[],
  records: ReadonlyMap<string, ChildRecord>,
): Promise<string> {
  const manifest: OfflineManifest = { version: 1, children: {} };
  for (const { name } of children) {
    const { parents, kind, parameters } = records.get(name)!;
    manifest.children[`${name}.png`] = { parents: [...parents], kind, parameters };
  }
  const path = join(output, offlineManifestName);
  await writeFileAtomic(path, `${JSON.stringify(manifest, null, 1)}\n`);
  return path;
}
