import type { SampleEntry } from '../../data/dataset.ts';

/** What a change is worth on images that it was not chosen on. */
export interface Gain {
  /** Mean over images of the paired differences in Dice. */
  readonly mean: number;
  /** Of the mean, people being drawn rather than images: those of one person go together. */
  readonly standardError: number;
}

/** Least gain in a class's Dice for which a setting is worth having. */
const margin = 5e-5;

/**
 * Mean and standard error of paired differences, clustered by person.
 *
 * @param differences after less before, one per image.
 * @param images the entry of each difference.
 */
export function gainOf(
  differences: readonly number[],
  images: readonly number[],
  entries: readonly Pick<SampleEntry, 'person'>[],
): Gain {
  const average = mean(differences);
  const sums = new Map<string, number>();
  for (const [i, difference] of differences.entries()) {
    const { person } = entries[images[i]!]!;
    sums.set(person, (sums.get(person) ?? 0) + difference - average);
  }
  const people = sums.size;
  const squares = [...sums.values()].reduce((total, sum) => total + sum * sum, 0);
  const variance = people < 2 ? Infinity : (squares * people) / (people - 1) / differences.length ** 2;
  return { mean: average, standardError: Math.sqrt(variance) };
}

/**
 * The rule by which every setting is kept: its cross-validated gain is more than one standard error, and more than
 * 5e-5. One standard error is the usual price of the less simple of two models (Breiman et al., CART 1984, 3.4.3);
 * chosen on other people than those it is measured on, a setting that does nothing has no gain on average and
 * passes one time in six, having cost nothing.
 */
export function isKept({ mean, standardError }: Gain): boolean {
  return mean > margin && mean > standardError;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
