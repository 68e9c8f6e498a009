import { relative } from 'node:path';
import { checkSamples } from '../check/checkSamples.ts';
import type { Defect } from '../defect.ts';
import { checkDataset } from '../handBone/check.ts';
import type { DatasetCheck } from '../handBone/check.ts';
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
  const checked = await checkSamples(dataset, options);
  return {
    root: dataset.root,
    images: { train: entries.train.length, test: entries.test.length },
    persons: new Set([...entries.train, ...entries.test].map(({ person }) => person)).size,
    defects: distinct([...defects, ...firstOfAlike(checked.defects, dataset.root)]).map((defect) => ({
      ...defect,
      file: relative(dataset.root, defect.file) || '.',
    })),
  };
}

/** Each defect once: the slices of a volume that cannot be read are all of one kind. */
function distinct(defects: readonly Defect[]): Defect[] {
  return [...new Map(defects.map((defect) => [JSON.stringify(defect), defect])).values()];
}

/** More defects of one kind in one file say nothing new, such as unknown values in each slice of a volume. */
const maxAlike = 3;

function firstOfAlike(defects: readonly Defect[], root: string): Defect[] {
  const counts = new Map<string, number>();
  return defects.filter(({ code, file }) => {
    if (file === root) return true;
    const kind = JSON.stringify([code, file]);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count <= maxAlike;
  });
}
