import type { ImageSize } from '../../pixels/image.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import type { Dataset, SampleEntry, Split } from '../dataset.ts';
import { splits } from '../handBone/layout.ts';
import { errorDefect } from '../defect.ts';
import type { Defect } from '../defect.ts';
import { mapConcurrently } from '../mapConcurrently.ts';
import type { ConcurrencyOptions } from '../mapConcurrently.ts';
import type { CheckedSample } from './checkedSample.ts';
import { duplicateDefects } from './duplicates.ts';
import { imageDefects } from './imageDefects.ts';
import { imageFacts } from './imageFacts.ts';
import { labelDefects } from './labelDefects.ts';
import { labelFacts } from './labelFacts.ts';
import { personDefects } from './personDefects.ts';

/** Labels, as far as they can be used, and what is wrong with their file. */
export interface InspectedLabels {
  readonly labels?: LabelMap;
  readonly defects: readonly Defect[];
}

export interface SampleRules {
  /**
   * Reads an annotation and lists all that is wrong with it; by default `dataset.readLabels`, whose error is then the
   * only one.
   *
   * @param size of the image; undefined if it cannot be decoded.
   */
  readonly inspectLabels?: (entry: SampleEntry, size: ImageSize | undefined) => Promise<InspectedLabels>;
  /** False where `inspectLabels` itself reports classes that an annotation lacks. */
  readonly reportMissing?: boolean;
  /** File of the metadata about persons; without it, nothing is said about persons without metadata. */
  readonly metaDataPath?: string;
}

export interface CheckedSamples {
  /** In the dataset's order, train before test. */
  readonly samples: readonly CheckedSample[];
  readonly defects: readonly Defect[];
}

/**
 * Reads every image and annotation of a dataset once, of any format, and lists everything that is wrong: files that
 * cannot be read, blank, inverted and repeated images, labels that cannot belong to their image, that miss classes
 * or have them exchanged, and persons who cannot be. A few kilobytes are kept of each image.
 */
export async function checkSamples(
  dataset: Pick<Dataset, 'root' | 'classes' | 'persons' | 'entries' | 'readImage' | 'readLabels'>,
  { inspectLabels, reportMissing, metaDataPath, ...options }: SampleRules & ConcurrencyOptions = {},
): Promise<CheckedSamples> {
  const all = splits.flatMap((split) => dataset.entries[split].map((entry) => ({ split, entry })));
  const inspect =
    inspectLabels ?? (async (entry) => ({ labels: await dataset.readLabels(entry), defects: [] }));
  const checked = await mapConcurrently(
    all,
    async ({ split, entry }) => await checkSample(dataset, split, entry, inspect),
    options,
  );
  const samples = checked.map(({ sample }) => sample);
  return {
    samples,
    defects: [
      ...personDefects(dataset, metaDataPath === undefined ? {} : { table: metaDataPath }),
      ...checked.flatMap(({ defects }) => defects),
      ...imageDefects(samples),
      ...duplicateDefects(samples, options.signal),
      ...labelDefects(samples, {
        classes: dataset.classes,
        ...(reportMissing === undefined ? {} : { reportMissing }),
      }),
    ],
  };
}

async function checkSample(
  dataset: Pick<Dataset, 'readImage'>,
  split: Split,
  entry: SampleEntry,
  inspect: NonNullable<SampleRules['inspectLabels']>,
): Promise<{ readonly sample: CheckedSample; readonly defects: readonly Defect[] }> {
  const { imagePath, annotationPath } = entry;
  const defects: Defect[] = [];
  let sample: CheckedSample = { split, entry };
  try {
    sample = { ...sample, image: await imageFacts(await dataset.readImage(entry)) };
  } catch (thrown) {
    defects.push(errorDefect(thrown, imagePath));
  }
  if (annotationPath === undefined) {
    if (split === 'train') defects.push(withoutAnnotation(imagePath));
    return { sample, defects };
  }
  try {
    const { labels, defects: found } = await inspect(entry, sample.image);
    defects.push(...found);
    if (labels !== undefined) sample = { ...sample, labels: await labelFacts(labels) };
  } catch (thrown) {
    const defect = errorDefect(thrown, annotationPath);
    // An image that cannot be decoded has been told of.
    if (defect.file !== imagePath || defects.length === 0) defects.push(defect);
  }
  return { sample, defects };
}

const withoutAnnotation = (file: string): Defect => ({
  severity: 'error',
  code: 'image/without-annotation',
  file,
  what: 'The training image has no labels',
  expected: 'labels where the format has them',
  fix: 'Add them or remove the image; it is not trained on',
});
