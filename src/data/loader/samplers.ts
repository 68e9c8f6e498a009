import type { Random } from '../../core/random.ts';
import type { SampleEntry } from '../dataset.ts';

/** What is drawn for one place in an epoch. */
export interface Drawn {
  readonly entry: SampleEntry;
  /** The class for whose sake it was drawn, which a crop must then show. */
  readonly focus?: number | undefined;
}

/** Decides which entries an epoch visits, and in which order; an entry may come several times or not at all. */
export type Sampler = (entries: readonly SampleEntry[], random: Random) => readonly Drawn[];

/** Every entry once, in the given order. */
export const sequentialSampler: Sampler = (entries) => entries.map((entry) => ({ entry }));

/** Every entry once, in an order that the seed and the epoch decide. */
export const shuffledSampler: Sampler = (entries, random) =>
  random.shuffle(entries).map((entry) => ({ entry }));
