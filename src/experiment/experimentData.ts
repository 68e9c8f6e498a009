import { PhalanxError } from '../core/errors.ts';
import type { Batch } from '../data/batch.ts';
import { prepareCache } from '../data/cache/cache.ts';
import type { CacheOptions, SampleCache } from '../data/cache/cache.ts';
import type { Dataset, SampleEntry } from '../data/dataset.ts';
import { foldSplit, makeFolds } from '../data/folds.ts';
import type { FoldSplit } from '../data/folds.ts';
import { withFurther } from '../data/further.ts';
import { loadBatches } from '../data/loader/loadBatches.ts';
import { openFormat } from '../data/formats/open.ts';
import { readHandBone } from '../data/handBone/reader.ts';
import { withOffline } from '../data/offline.ts';
import type { Normalization } from '../training/normalization.ts';
import type { Experiment } from './schema.ts';

/** Folder of the caches of all datasets and settings. */
export const defaultCacheDirectory = 'cache';

type DataConfig = Experiment['data'];

/**
 * What an experiment's images are normalized by; by default as pretrained encoders expect: mean and deviation of
 * ImageNet's three channels (torchvision), or their averages for each of another number.
 */
export function normalizationOf({ channels, normalization }: DataConfig): Normalization {
  if (normalization !== undefined) return normalization;
  if (channels === 3) return { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  const each = (value: number): number[] => Array.from({ length: channels }, () => value);
  return { mean: each(0.449), std: each(0.226) };
}

/**
 * Lists an experiment's dataset, without the people it leaves out, with the images made offline and those of further
 * datasets, which have its format unless they name their own.
 */
export async function openDataset({ format, root, offline, further, exclude }: DataConfig): Promise<Dataset> {
  let dataset = await openFormat(root, format);
  for (const directory of offline) {
    // Images made offline are written as polygons, whatever they were made from.
    dataset = await withOffline(dataset, await readHandBone(directory, { classes: dataset.classes }));
  }
  for (const { name, root: folder, format: own = format } of further) {
    dataset = withFurther(dataset, await openFormat(folder, own), name);
  }
  const unknown = exclude.filter((person) => !dataset.entries.train.some((entry) => entry.person === person));
  if (unknown.length > 0) {
    throw new PhalanxError('data/unknown-person', {
      what: 'People are to be left out whom the dataset does not have',
      where: root,
      expected: 'people that training images show',
      received: unknown.join(', '),
      fix: 'Correct data.exclude',
    });
  }
  if (exclude.length === 0) return dataset;
  const kept = dataset.entries.train.filter(({ person }) => !exclude.includes(person));
  return { ...dataset, entries: { ...dataset.entries, train: kept } };
}

/**
 * Refuses images for training that have no annotation, which would otherwise be left out without a word.
 *
 * @throws PhalanxError `data/not-annotated` naming the first of them.
 */
export function requireAnnotations({ entries }: Dataset, { format }: DataConfig): void {
  const bare = entries.train.filter(({ annotationPath }) => annotationPath === undefined);
  if (bare.length === 0) return;
  throw new PhalanxError('data/not-annotated', {
    what:
      bare.length === 1
        ? 'A training image has no annotation'
        : `${bare.length} training images have no annotation, the first of them`,
    where: bare[0]!.imagePath,
    expected:
      format === 'hand-bone' || format.name === 'polygons'
        ? 'a .json file with the same person and name in outputs_json'
        : 'labels where data.format says they are',
    fix: 'Add it, move the image away, or leave its person out by data.exclude',
  });
}

/** The two sides of one fold of an experiment. */
export function splitFold(dataset: Dataset, { folds }: DataConfig, fold: number): FoldSplit {
  return foldSplit(makeFolds(dataset, folds), fold);
}

/** Decodes what is not decoded yet, at the experiment's size; see `prepareCache`. */
export async function prepareEntries(
  dataset: Dataset,
  entries: readonly SampleEntry[],
  { imageSize, channels, interpolation, labelInterpolation }: DataConfig,
  directory: string,
  options: Pick<CacheOptions, 'concurrency' | 'signal' | 'onProgress'> = {},
): Promise<SampleCache> {
  const size = typeof imageSize === 'number' ? { width: imageSize, height: imageSize } : imageSize;
  const settings = { directory, imageSize: size, channels, interpolation, labelInterpolation };
  return prepareCache(dataset, entries, { ...settings, ...options });
}

/** Every entry once and in order, as validation and prediction see them. */
export function batchesInOrder(
  cache: SampleCache,
  entries: readonly SampleEntry[],
  { training, seed }: Experiment,
  signal?: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  return loadBatches({
    cache,
    entries,
    batchSize: training.validationBatchSize ?? training.batchSize,
    seed,
    epoch: 0,
    ...(signal === undefined ? {} : { signal }),
  });
}
