import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PhalanxError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { Dataset, SampleEntry } from './dataset.ts';
import { readLimitedFile } from './limitedFile.ts';
import type { FileKind } from './limitedFile.ts';
import { parseDefects } from './parseDefect.ts';

/** Name of the file, in the root of an offline-augmented dataset, that says what its images were made from. */
export const offlineManifestName = 'augmentation.json';

const manifestFile: FileKind = {
  noun: 'augmentation manifest',
  missing: 'offline/missing-manifest',
  unreadable: 'offline/malformed-manifest',
  maxBytes: 256 * 2 ** 20,
};

const offlineManifestSchema = z.object({
  version: z.literal(1),
  /** By image name. */
  children: z.record(
    z.string(),
    z.object({
      /** Names of the training images that it was made from. */
      parents: z.array(z.string()).min(1),
      /** How, for example `mosaic`. */
      kind: z.string(),
      parameters: z.unknown(),
    }),
  ),
});
export type OfflineManifest = z.infer<typeof offlineManifestSchema>;

/**
 * Adds the training images of an offline-augmented dataset to a dataset, each with its parents, so that `foldSplit`
 * puts it into training only where all its parents are.
 *
 * @param offline lies in a folder with a manifest `augmentation.json` (`OfflineManifest`).
 * @throws PhalanxError `offline/missing-manifest`, `offline/malformed-manifest`; `offline/unlisted-image`,
 *   `offline/unknown-parent`, `offline/repeated-name` naming the image; `offline/classes`.
 */
export async function withOffline(dataset: Dataset, offline: Dataset): Promise<Dataset> {
  if (dataset.classes.join('\n') !== offline.classes.join('\n')) {
    throw new PhalanxError('offline/classes', {
      what: 'The augmented dataset has other classes',
      where: offline.root,
      expected: dataset.classes.join(', '),
      received: offline.classes.join(', '),
    });
  }
  const manifestPath = join(offline.root, offlineManifestName);
  const { children } = await readOfflineManifest(manifestPath);
  const names = new Set([...dataset.entries.train, ...dataset.entries.test].map(({ id }) => id));
  const possibleParents = new Set(dataset.entries.train.map(({ id }) => id));
  const added = new Set<SampleEntry>();
  for (const entry of offline.entries.train) {
    if (names.has(entry.id)) throw repeatedName(entry);
    const parents = Object.hasOwn(children, entry.id) ? children[entry.id]?.parents : undefined;
    if (parents === undefined) throw unlisted(entry, manifestPath);
    for (const parent of parents) {
      if (!possibleParents.has(parent)) throw unknownParent(entry, parent, possibleParents, manifestPath);
    }
    added.add({ ...entry, parents });
  }
  const ownerOf = (entry: SampleEntry): Dataset => (added.has(entry) ? offline : dataset);
  return {
    ...dataset,
    entries: { train: [...dataset.entries.train, ...added], test: dataset.entries.test },
    readImage: (entry) => ownerOf(entry).readImage(entry),
    readLabels: (entry) => ownerOf(entry).readLabels(entry),
    readSize: (entry) => ownerOf(entry).readSize(entry),
  };
}

/**
 * The images of a dataset, with their parents where its root has a manifest of offline augmentation that names them.
 *
 * @throws PhalanxError `offline/malformed-manifest`.
 */
export async function withRecordedParents(
  entries: readonly SampleEntry[],
  root: string,
): Promise<readonly SampleEntry[]> {
  const path = join(root, offlineManifestName);
  if (!existsSync(path)) return entries;
  const { children } = await readOfflineManifest(path);
  return entries.map((entry) =>
    Object.hasOwn(children, entry.id) ? { ...entry, parents: children[entry.id]!.parents } : entry,
  );
}

/** @throws PhalanxError `offline/missing-manifest`, `offline/malformed-manifest`. */
export async function readOfflineManifest(path: string): Promise<OfflineManifest> {
  const text = (await readLimitedFile(path, manifestFile)).toString('utf8');
  try {
    return offlineManifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new PhalanxError(
      'offline/malformed-manifest',
      {
        what: 'The manifest of the augmented dataset cannot be understood',
        where: path,
        expected:
          '{ "version": 1, "children": { imageName: { "parents": [imageName], "kind", "parameters" } } }',
        received: parseDefects(cause),
        fix: 'Write the augmented dataset again',
      },
      { cause },
    );
  }
}

function repeatedName({ id, imagePath }: SampleEntry): PhalanxError {
  return new PhalanxError('offline/repeated-name', {
    what: 'An augmented image has the name of an original',
    where: imagePath,
    expected: 'a name that the dataset does not have',
    received: id,
  });
}

function unlisted({ imagePath }: SampleEntry, manifestPath: string): PhalanxError {
  return new PhalanxError('offline/unlisted-image', {
    what: 'An augmented image is not in the manifest, so it could carry validation images into training',
    where: imagePath,
    expected: `its parents in ${manifestPath}`,
    fix: 'Remove the image or write the augmented dataset again',
  });
}

function unknownParent(
  { id }: SampleEntry,
  parent: string,
  candidates: ReadonlySet<string>,
  manifestPath: string,
): PhalanxError {
  const guess = nearest(parent, candidates);
  return new PhalanxError('offline/unknown-parent', {
    what: `A parent of ${id} is not a training image of the dataset`,
    where: manifestPath,
    expected: guess === undefined ? 'the name of a training image' : `perhaps ${guess}`,
    received: parent,
    fix: 'Write the augmented dataset again from this dataset',
  });
}
