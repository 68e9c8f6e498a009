import type { Dataset, Person, SampleEntry, Split } from '../data/dataset.ts';
import { mapConcurrently } from '../data/mapConcurrently.ts';
import type { ConcurrencyOptions } from '../data/mapConcurrently.ts';
import { overlapTable } from '../labels/overlap.ts';
import { measureSample } from './measureSample.ts';
import type { SampleMeasures } from './measureSample.ts';
import { findOutliers } from './outliers.ts';
import type { Outlier } from './outliers.ts';
import { meanAndDeviation } from './statistics.ts';
import type { MeanAndDeviation } from './statistics.ts';

/** How large one class is over all annotated images; areas in pixels of the full image. */
export interface ClassStatistics {
  readonly name: string;
  readonly area: MeanAndDeviation;
  /** The same for images of women and men; undefined where the metadata names none. */
  readonly areaBySex: Readonly<Record<'female' | 'male', MeanAndDeviation | undefined>>;
  /** Annotated images in which the class has no pixel. */
  readonly absentFrom: readonly string[];
}

/** Two classes that share pixels. */
export interface ClassOverlap {
  readonly classes: readonly [string, string];
  /** Images in which they share a pixel. */
  readonly images: number;
  /** Mean of shared pixels over all annotated images. */
  readonly meanPixels: number;
  /** Shared pixels as a share of the smaller class, over all images together. */
  readonly shareOfSmaller: number;
}

export interface DatasetAnalysis {
  readonly root: string;
  readonly images: Readonly<Record<Split, number>>;
  /** Images with an annotation among those analyzed. */
  readonly annotated: number;
  /** People with at least one image, as the metadata describes them. */
  readonly people: readonly Person[];
  /** In the dataset's order. */
  readonly classes: readonly ClassStatistics[];
  /** Largest share first. */
  readonly overlaps: readonly ClassOverlap[];
  readonly samples: readonly SampleMeasures[];
  /** Most unusual first. */
  readonly outliers: readonly Outlier[];
}

export interface AnalyzeOptions extends ConcurrencyOptions {
  /** Default: `train`, as the test set's annotations are not for looking at. */
  readonly splits?: readonly Split[];
}

/**
 * Reads every image and annotation of the chosen splits once and describes them. Two samples are in memory at a
 * time, or as many as `concurrency` allows.
 */
export async function analyzeDataset(
  dataset: Dataset,
  options: AnalyzeOptions = {},
): Promise<DatasetAnalysis> {
  const { splits = ['train'], ...concurrency } = options;
  const { classes } = dataset;
  const entries = splits.flatMap((split) => dataset.entries[split]);
  const shared = new Float64Array(classes.length ** 2);
  const sharing = new Uint32Array(classes.length ** 2);
  const samples = await mapConcurrently(
    entries,
    async (entry) => {
      const image = await dataset.readImage(entry);
      const labels = entry.annotationPath === undefined ? undefined : await dataset.readLabels(entry);
      if (labels !== undefined) {
        const { counts } = await overlapTable(labels);
        counts.forEach((count, index) => {
          shared[index]! += count;
          if (count > 0) sharing[index]! += 1;
        });
      }
      return await measureSample(entry, image, labels);
    },
    { concurrency: 2, ...concurrency },
  );
  const annotated = samples.filter(({ areas }) => areas !== undefined);
  return {
    root: dataset.root,
    images: { train: dataset.entries.train.length, test: dataset.entries.test.length },
    annotated: annotated.length,
    people: peopleOf(dataset, entries),
    classes: classes.map((name, index) => classStatistics(name, index, annotated, dataset)),
    overlaps: overlaps(classes, shared, sharing, annotated.length),
    samples,
    outliers: findOutliers(samples, classes, dataset.persons),
  };
}

function peopleOf(dataset: Dataset, entries: readonly SampleEntry[]): Person[] {
  const ids = [...new Set(entries.map(({ person }) => person))];
  return ids.map((id) => dataset.persons.get(id) ?? { id });
}

function classStatistics(
  name: string,
  index: number,
  annotated: readonly SampleMeasures[],
  { persons }: Dataset,
): ClassStatistics {
  const areasOf = (samples: readonly SampleMeasures[]): number[] =>
    samples.map(({ areas }) => areas![index]!).filter((area) => area > 0);
  const bySex = (sex: 'female' | 'male'): MeanAndDeviation | undefined =>
    meanAndDeviation(areasOf(annotated.filter(({ person }) => persons.get(person)?.sex === sex)));
  return {
    name,
    area: meanAndDeviation(areasOf(annotated)) ?? { mean: 0, deviation: 0, count: 0 },
    areaBySex: { female: bySex('female'), male: bySex('male') },
    absentFrom: annotated.filter(({ areas }) => areas![index] === 0).map(({ id }) => id),
  };
}

function overlaps(
  classes: readonly string[],
  shared: Float64Array,
  sharing: Uint32Array,
  annotated: number,
): ClassOverlap[] {
  const size = classes.length;
  return classes
    .flatMap((first, i) =>
      classes.slice(i + 1).map((second, offset): ClassOverlap => {
        const j = i + 1 + offset;
        const smaller = Math.min(shared[i * size + i]!, shared[j * size + j]!);
        return {
          classes: [first, second],
          images: sharing[i * size + j]!,
          meanPixels: shared[i * size + j]! / annotated,
          shareOfSmaller: shared[i * size + j]! / Math.max(1, smaller),
        };
      }),
    )
    .filter(({ images }) => images > 0)
    .sort((a, b) => b.shareOfSmaller - a.shareOfSmaller);
}
