import type { Person } from '../data/dataset.ts';
import type { SampleMeasures } from './measureSample.ts';
import { median } from '../data/check/robust.ts';

/** An image that differs from the others in some measure, or whose person has a remark in the metadata. */
export interface Outlier {
  readonly id: string;
  readonly person: string;
  /** What is unusual, most unusual first, for example `area of Lunate 2.1 times the usual`. */
  readonly reasons: readonly string[];
  readonly remarks?: string;
  /** Largest robust z-score among the reasons; 0 for an image that only has a remark. */
  readonly score: number;
}

/** Robust z-score beyond which a measure is unusual (Iglewicz and Hoaglin 1993 recommend 3.5). */
const threshold = 3.5;

interface Measure {
  readonly value: (sample: SampleMeasures) => number | undefined;
  readonly describe: (value: number, usual: number) => string;
  /** Differences below this are no news, however alike the other images are. */
  readonly floor: number;
}

/**
 * Finds images by the modified z-score of Iglewicz and Hoaglin, 0.6745 · (x − median) / MAD, over brightness, tilt
 * and the area of each class relative to the image.
 */
export function findOutliers(
  samples: readonly SampleMeasures[],
  classes: readonly string[],
  persons: ReadonlyMap<string, Person>,
): Outlier[] {
  const found = new Map<string, { reason: string; score: number }[]>();
  for (const { value, describe, floor } of measures(classes)) {
    const values = samples.map(value);
    const present = values.filter((entry) => entry !== undefined);
    if (present.length < 5) continue;
    const usual = median(present);
    const spread = Math.max(median(present.map((entry) => Math.abs(entry - usual))), floor / threshold);
    samples.forEach(({ id }, index) => {
      const entry = values[index];
      if (entry === undefined) return;
      const score = (0.6745 * Math.abs(entry - usual)) / spread;
      if (score <= threshold) return;
      const reasons = found.get(id) ?? [];
      reasons.push({ reason: describe(entry, usual), score });
      found.set(id, reasons);
    });
  }
  return samples
    .flatMap(({ id, person, areas }): Outlier[] => {
      const absent = classes.filter((_, index) => areas?.[index] === 0);
      const measured = (found.get(id) ?? []).sort((a, b) => b.score - a.score);
      const reasons = [...absent.map((name) => `no ${name}`), ...measured.map(({ reason }) => reason)];
      const remarks = persons.get(person)?.remarks;
      if (reasons.length === 0 && remarks === undefined) return [];
      const score = absent.length > 0 ? Infinity : (measured[0]?.score ?? 0);
      return [{ id, person, reasons, score, ...(remarks === undefined ? {} : { remarks }) }];
    })
    .sort((a, b) => b.score - a.score);
}

function measures(classes: readonly string[]): Measure[] {
  return [
    {
      value: ({ brightness }) => brightness,
      describe: (value, usual) => `brightness ${value.toFixed(0)} where ${usual.toFixed(0)} is usual`,
      floor: 4,
    },
    { value: ({ tilt }) => tilt, describe: (value) => `tilted by ${value.toFixed(0)}°`, floor: 6 },
    ...classes.map((name, index): Measure => ({
      value: ({ areas, width, height }) =>
        areas === undefined || areas[index] === 0 ? undefined : Math.log(areas[index]! / (width * height)),
      describe: (value, usual) => `area of ${name} ${Math.exp(value - usual).toFixed(2)} times the usual`,
      floor: 0.15,
    })),
  ];
}
