import { relative } from 'node:path';
import type { Dataset, SampleEntry, Split } from '../dataset.ts';
import { errorDefect } from '../defect.ts';
import type { Defect } from '../defect.ts';
import { checkDataset } from '../handBone/check.ts';
import type { DatasetCheck } from '../handBone/check.ts';
import { splits } from '../handBone/layout.ts';
import { mapConcurrently } from '../mapConcurrently.ts';
import type { ConcurrencyOptions } from '../mapConcurrently.ts';
import { listFormat } from './open.ts';
import type { Format } from './options.ts';

/**
 * Decodes every image and reads all labels of a dataset of any format, and lists everything that is wrong.
 *
 * @throws PhalanxError `dataset/missing` when there is no such folder, `dataset/too-large`.
 */
export async function checkFormat(
  root: string,
  format: Format,
  options: ConcurrencyOptions = {},
): Promise<DatasetCheck> {
  if (format === 'hand-bone') return await checkDataset(root, options);
  const { dataset, defects } = await listFormat(root, format);
  const { entries } = dataset;
  const all = splits.flatMap((split) => entries[split].map((entry) => ({ split, entry })));
  const inspected = await mapConcurrently(all, ({ split, entry }) => inspect(dataset, split, entry), options);
  return {
    root: dataset.root,
    images: { train: entries.train.length, test: entries.test.length },
    persons: new Set(all.map(({ entry }) => entry.person)).size,
    defects: distinct([...defects, ...firstOfAlike(inspected.flat())]).map((defect) => ({
      ...defect,
      file: relative(dataset.root, defect.file) || '.',
    })),
  };
}

async function inspect(dataset: Dataset, split: Split, entry: SampleEntry): Promise<Defect[]> {
  const { imagePath, annotationPath } = entry;
  const defects: Defect[] = [];
  try {
    await dataset.readImage(entry);
  } catch (thrown) {
    defects.push(errorDefect(thrown, imagePath));
  }
  try {
    if (annotationPath !== undefined) await dataset.readLabels(entry);
    else if (split === 'train') defects.push(withoutLabels(imagePath));
  } catch (thrown) {
    const defect = errorDefect(thrown, annotationPath!);
    // An image that cannot be decoded has been told of.
    if (defect.file !== imagePath || defects.length === 0) defects.push(defect);
  }
  return defects;
}

/** Each defect once: the slices of a volume that cannot be read are all of one kind. */
function distinct(defects: readonly Defect[]): Defect[] {
  return [...new Map(defects.map((defect) => [JSON.stringify(defect), defect])).values()];
}

/** More defects of one kind in one file say nothing new, such as unknown values in each slice of a volume. */
const maxAlike = 3;

function firstOfAlike(defects: readonly Defect[]): Defect[] {
  const counts = new Map<string, number>();
  return defects.filter(({ code, file }) => {
    const kind = JSON.stringify([code, file]);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count <= maxAlike;
  });
}

const withoutLabels = (file: string): Defect => ({
  severity: 'error',
  code: 'image/without-annotation',
  file,
  what: 'The training image has no labels',
  expected: 'labels where data.format says they are',
  fix: 'Add them or remove the image; it is not trained on',
});
