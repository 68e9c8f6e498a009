import { webcrypto } from 'node:crypto';
import { relative } from 'node:path';
import { PhalanxError } from '../../core/errors.ts';
import type { SampleEntry, Split } from '../dataset.ts';
import { errorDefect } from '../defect.ts';
import type { Defect } from '../defect.ts';
import { readImageFile, readPngSize } from '../imageFile.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { mapConcurrently } from '../mapConcurrently.ts';
import type { ConcurrencyOptions } from '../mapConcurrently.ts';
import { inspectAnnotation } from './annotation.ts';
import { handBoneClasses } from './classes.ts';
import { listHandBone, splits } from './layout.ts';
import { readMetaData } from './metaData.ts';

/** What a check found; without defects, everything in the dataset can be read and used. */
export interface DatasetCheck {
  /** Absolute path of the dataset. */
  readonly root: string;
  readonly images: Readonly<Record<Split, number>>;
  readonly persons: number;
  /** All defects at once; their files are relative to the root. */
  readonly defects: readonly Defect[];
}

/** An image of the listing, decoded and inspected. */
interface InspectedEntry {
  readonly split: Split;
  readonly entry: SampleEntry;
  /** Hash of size and pixels; undefined if the image cannot be decoded. */
  readonly content?: string;
  readonly defects: readonly Defect[];
}

/**
 * Decodes every image and reads every annotation and the metadata table of a dataset in the competition's layout, and
 * lists everything that is wrong.
 *
 * @throws PhalanxError `dataset/missing` when there is no such folder.
 */
export async function checkDataset(root: string, options: ConcurrencyOptions = {}): Promise<DatasetCheck> {
  const listing = await listHandBone(root);
  const all = splits.flatMap((split) => listing.entries[split].map((entry) => ({ split, entry })));
  const inspected = await mapConcurrently(all, ({ split, entry }) => inspectEntry(split, entry), options);
  const defects = [
    ...listing.defects,
    ...(await metaDataDefects(listing.metaDataPath, all)),
    ...inspected.flatMap((entry) => entry.defects),
    ...sharedPersons(all, listing.root),
    ...identicalImages(inspected),
  ];
  return {
    root: listing.root,
    images: { train: listing.entries.train.length, test: listing.entries.test.length },
    persons: new Set(all.map(({ entry }) => entry.person)).size,
    defects: defects.map((defect) => ({ ...defect, file: relative(listing.root, defect.file) || '.' })),
  };
}

async function inspectEntry(split: Split, entry: SampleEntry): Promise<InspectedEntry> {
  const { imagePath, annotationPath } = entry;
  const defects: Defect[] = [];
  let content: string | undefined;
  let size: ImageSize | undefined;
  try {
    size = await readPngSize(imagePath);
    const { width, height, channels, data } = await readImageFile(imagePath);
    const digest = await webcrypto.subtle.digest('SHA-256', data);
    content = `${width}x${height}x${channels} ${Buffer.from(digest).toString('hex')}`;
  } catch (thrown) {
    defects.push(errorDefect(thrown, imagePath));
  }
  try {
    if (annotationPath !== undefined) {
      defects.push(...(await inspectAnnotation(annotationPath, size, handBoneClasses)).defects);
    } else if (split === 'train') defects.push(withoutAnnotation(imagePath));
  } catch (thrown) {
    defects.push(errorDefect(thrown, annotationPath ?? imagePath));
  }
  return { split, entry, defects, ...(content === undefined ? {} : { content }) };
}

type Listed = readonly { readonly split: Split; readonly entry: SampleEntry }[];

async function metaDataDefects(path: string | undefined, all: Listed): Promise<readonly Defect[]> {
  if (path === undefined) return [];
  try {
    const { persons, defects } = await readMetaData(path);
    const unknown = new Set(all.map(({ entry }) => entry.person).filter((person) => !persons.has(person)));
    return [...defects, ...[...unknown].map((person) => withoutMetaData(person, path))];
  } catch (thrown) {
    if (!(thrown instanceof PhalanxError)) throw thrown;
    return [errorDefect(thrown, path)];
  }
}

/** Persons with images to train on and images to be tested on. */
function sharedPersons(all: Listed, root: string): Defect[] {
  const personsOf = (wanted: Split) =>
    new Set(all.filter(({ split }) => split === wanted).map(({ entry }) => entry.person));
  const tested = personsOf('test');
  return [...personsOf('train')]
    .filter((person) => tested.has(person))
    .map((person) => ({
      severity: 'error',
      code: 'leakage/person',
      file: root,
      what: 'A person is both in train and in test',
      expected: 'each person on one side only',
      received: person,
      fix: 'Remove the person from one side, or rename the folder if these are two persons',
    }));
}

function identicalImages(inspected: readonly InspectedEntry[]): Defect[] {
  const first = new Map<string, InspectedEntry>();
  const defects: Defect[] = [];
  for (const current of inspected) {
    if (current.content === undefined) continue;
    const earlier = first.get(current.content);
    if (earlier === undefined) first.set(current.content, current);
    else defects.push(identical(earlier, current));
  }
  return defects;
}

function identical(earlier: InspectedEntry, current: InspectedEntry): Defect {
  const leaks = earlier.split !== current.split || earlier.entry.person !== current.entry.person;
  const place = ({ split, entry }: InspectedEntry): string => `${split} ${entry.person} ${entry.id}`;
  return {
    severity: leaks ? 'error' : 'warning',
    code: leaks ? 'leakage/identical-images' : 'image/repeated-content',
    file: current.entry.imagePath,
    what: 'Two images have the same pixels',
    expected: leaks ? 'every person and every split to have images of its own' : 'two different images',
    received: `the pixels of ${place(earlier)}`,
    fix: 'Remove one of them',
  };
}

const withoutAnnotation = (file: string): Defect => ({
  severity: 'error',
  code: 'image/without-annotation',
  file,
  what: 'The training image has no annotation',
  expected: 'a .json file with the same person and name in outputs_json',
  fix: 'Add the annotation or remove the image; it is not trained on',
});

const withoutMetaData = (person: string, file: string): Defect => ({
  severity: 'warning',
  code: 'metadata/missing-person',
  file,
  what: 'The metadata table lacks a person',
  expected: `a row with ID ${person}`,
});
