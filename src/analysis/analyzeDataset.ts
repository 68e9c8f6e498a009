import { correlation } from '../data/check/duplicates.ts';
import type { LabelFacts } from '../data/check/labelFacts.ts';
import { median } from '../data/check/robust.ts';
import type { Dataset, Person, Split } from '../data/dataset.ts';
import { defectError } from '../data/defect.ts';
import { mapConcurrently } from '../data/mapConcurrently.ts';
import type { ConcurrencyOptions } from '../data/mapConcurrently.ts';
import { classStatistics } from './dataset/classStatistics.ts';
import { distributionsOf } from './dataset/distributions.ts';
import { measureSample } from './dataset/measureSample.ts';
import type { MeasuredSample } from './dataset/measureSample.ts';
import { findOutliers } from './dataset/outliers.ts';
import { overlapsOf } from './dataset/overlaps.ts';
import { alignLabels } from './dataset/positions.ts';
import type { DatasetAnalysis, SampleMeasures } from './dataset/schema.ts';

export interface AnalyzeOptions extends ConcurrencyOptions {
  /** Default: `train`, as the test set's annotations are not for looking at. */
  readonly splits?: readonly Split[];
}

/**
 * Reads every image and annotation of the chosen splits once and describes them; files that cannot be read are named
 * and left out. A few kilobytes are kept of each image; two samples are in memory at a time, or as many as
 * `concurrency` allows.
 *
 * @throws PhalanxError what the first image's reading gave, where none can be read.
 */
export async function analyzeDataset(
  dataset: Dataset,
  options: AnalyzeOptions = {},
): Promise<DatasetAnalysis> {
  const { splits = ['train'], ...concurrency } = options;
  const { classes, persons, root } = dataset;
  const read = await mapConcurrently(
    splits.flatMap((split) => dataset.entries[split].map((entry) => ({ split, entry }))),
    async ({ split, entry }) => await measureSample(dataset, split, entry),
    { concurrency: 2, ...concurrency },
  );
  const samples = read.flatMap(({ sample }) => sample ?? []);
  const defects = read.flatMap((measurement) => measurement.defects);
  if (samples.length === 0 && defects[0] !== undefined) throw defectError(defects[0]);
  const labelled = samples.filter(
    (sample): sample is MeasuredSample & { readonly labels: LabelFacts } => sample.labels !== undefined,
  );
  const labels = labelled.map((sample) => sample.labels);
  const alignments = alignLabels(labels);
  const likeness = likenessOf(samples);
  const measures = samples.map((sample) => measuresOf(sample, likeness.get(sample)!));
  const people = peopleOf(samples, persons);
  const overlaps = overlapsOf(classes, labels);
  return {
    version: 1,
    root,
    images: { train: dataset.entries.train.length, test: dataset.entries.test.length },
    annotated: labelled.length,
    unreadable: defects.map(({ file, code, what }) => ({ file, code, what })),
    people,
    classes: classStatistics(classes, labelled, persons, alignments),
    overlapMatrix: overlaps.matrix,
    overlaps: overlaps.pairs,
    distributions: distributionsOf(measures, people),
    samples: measures,
    outliers: findOutliers(samples, { classes, persons, likeness, alignments }),
  };
}

/** Correlation of each small image with the median of all, as it is or mirrored. */
function likenessOf(samples: readonly MeasuredSample[]): Map<MeasuredSample, number> {
  const pixels = samples[0]?.image.thumbnail.length ?? 0;
  const middle = Uint8Array.from({ length: pixels }, (_, at) =>
    median(samples.map(({ image }) => image.thumbnail[at]!)),
  );
  return new Map(
    samples.map((sample) => {
      const { thumbnail } = sample.image;
      return [sample, Math.max(correlation(middle, thumbnail, false), correlation(middle, thumbnail, true))];
    }),
  );
}

function measuresOf(
  { split, entry: { id, person }, image, labels, tilt, wristAngle }: MeasuredSample,
  likeness: number,
): SampleMeasures {
  const { width, height, mean, deviation, dark, bright } = image;
  return {
    id,
    person,
    split,
    width,
    height,
    brightness: mean,
    contrast: deviation,
    dark,
    bright,
    likeness,
    ...(labels === undefined ? {} : { areas: [...labels.areas] }),
    ...(tilt === undefined ? {} : { tilt }),
    ...(wristAngle === undefined ? {} : { wristAngle }),
  };
}

function peopleOf(samples: readonly MeasuredSample[], persons: ReadonlyMap<string, Person>): Person[] {
  const ids = [...new Set(samples.map(({ entry }) => entry.person))];
  return ids.map((id) => persons.get(id) ?? { id });
}
