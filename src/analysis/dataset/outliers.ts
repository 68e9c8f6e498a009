import { median } from '../../data/check/robust.ts';
import type { Person } from '../../data/dataset.ts';
import type { MeasuredSample } from './measureSample.ts';
import { outlierMeasures } from './outlierMeasures.ts';
import type { OutlierMeasure } from './outlierMeasures.ts';
import type { Alignments } from './positions.ts';
import type { Outlier } from './schema.ts';

type Reason = Outlier['reasons'][number];

/** Robust z-score beyond which a measure is unusual (Iglewicz and Hoaglin 1993 recommend 3.5). */
const threshold = 3.5;
/** Of a missing class, which has no measure: above what most unusual values reach. */
const missingScore = 10;
/** Share of the images that may lack a class that all are expected to have; as in `data check`. */
const rare = 0.05;
/** Fewest images that say what is usual. */
const fewest = 5;

/** What the candidates' tags begin with, so that a person's own tags are told from them. */
export const tagPrefix = 'auto-';

export interface OutlierContext {
  readonly classes: readonly string[];
  readonly persons: ReadonlyMap<string, Person>;
  /** Correlation of each image with the median image. */
  readonly likeness: ReadonlyMap<MeasuredSample, number>;
  readonly alignments: Alignments | undefined;
}

/**
 * Finds images that differ from the others, by the modified z-score of Iglewicz and Hoaglin,
 * 0.6745 · (x − median) / MAD, of each measure; images that lack a class which nearly all have; and images of people
 * with a remark in the metadata. Most unusual first, then in the order of the samples.
 */
export function findOutliers(samples: readonly MeasuredSample[], context: OutlierContext): Outlier[] {
  const { classes, persons, likeness, alignments } = context;
  const found = new Map<MeasuredSample, Reason[]>();
  const add = (sample: MeasuredSample, reason: Reason): void => {
    const reasons = found.get(sample);
    if (reasons === undefined) found.set(sample, [reason]);
    else reasons.push(reason);
  };
  addMissing(samples, classes, add);
  for (const measure of outlierMeasures(classes, likeness, alignments)) addUnusual(samples, measure, add);
  return samples
    .flatMap((sample): Outlier[] => {
      const { id, person } = sample.entry;
      const reasons = (found.get(sample) ?? []).sort((a, b) => b.score - a.score);
      const remarks = persons.get(person)?.remarks;
      if (reasons.length === 0 && remarks === undefined) return [];
      const tags = [...new Set(reasons.map(({ tag }) => tag))];
      return [
        {
          id,
          person,
          score: reasons[0]?.score ?? 0,
          reasons,
          tags: remarks === undefined ? tags : [...tags, `${tagPrefix}remark`],
          ...(remarks === undefined ? {} : { remarks }),
        },
      ];
    })
    .sort((a, b) => b.score - a.score);
}

function addMissing(
  samples: readonly MeasuredSample[],
  classes: readonly string[],
  add: (sample: MeasuredSample, reason: Reason) => void,
): void {
  const labelled = samples.filter(({ labels }) => labels !== undefined);
  if (labelled.length < fewest) return;
  for (const [c, name] of classes.entries()) {
    const without = labelled.filter(({ labels }) => labels!.areas[c] === 0);
    if (without.length > Math.max(1, rare * labelled.length)) continue;
    for (const sample of without) {
      add(sample, { tag: `${tagPrefix}missing-class`, text: `no ${name}`, score: missingScore });
    }
  }
}

function addUnusual(
  samples: readonly MeasuredSample[],
  { value, describe, floor, ceiling = Infinity, only }: OutlierMeasure,
  add: (sample: MeasuredSample, reason: Reason) => void,
): void {
  const values = samples.map(value);
  const present = values.filter((entry) => entry !== undefined);
  if (present.length < fewest) return;
  const usual = median(present);
  const deviation = median(present.map((entry) => Math.abs(entry - usual)));
  const atThreshold = (difference: number): number => (0.6745 * difference) / threshold;
  const spread = Math.min(Math.max(deviation, atThreshold(floor)), atThreshold(ceiling));
  for (const [index, sample] of samples.entries()) {
    const entry = values[index];
    if (entry === undefined || (only !== undefined && (only === 'below') !== entry < usual)) continue;
    const score = (0.6745 * Math.abs(entry - usual)) / spread;
    if (score <= threshold) continue;
    const { tag, text } = describe(entry, usual);
    add(sample, { tag: `${tagPrefix}${tag}`, text, score });
  }
}
