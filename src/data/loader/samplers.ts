import { PhalanxError } from '../../core/errors.ts';
import type { Random } from '../../core/random.ts';
import type { SampleEntry } from '../dataset.ts';

/** Decides which entries an epoch visits, and in which order; an entry may come several times or not at all. */
export type Sampler = (entries: readonly SampleEntry[], random: Random) => readonly SampleEntry[];

/** Every entry once, in the given order. */
export const sequentialSampler: Sampler = (entries) => entries;

/** Every entry once, in an order that the seed and the epoch decide. */
export const shuffledSampler: Sampler = (entries, random) => random.shuffle(entries);

/**
 * Draws with replacement, each entry with a probability proportional to its weight, as PyTorch's
 * `WeightedRandomSampler` does.
 *
 * @param weightOf at least 0 and finite; not all zero.
 * @param count draws in an epoch; as many as there are entries if left out.
 * @throws PhalanxError `sampler/weight`.
 */
export function weightedSampler(weightOf: (entry: SampleEntry) => number, count?: number): Sampler {
  return (entries, random) => {
    const cumulative: number[] = [];
    let total = 0;
    for (const entry of entries) {
      const weight = weightOf(entry);
      if (!(weight >= 0 && weight < Infinity)) {
        throw weightError(`a weight of at least 0 for ${entry.id}`, `${weight}`);
      }
      cumulative.push((total += weight));
    }
    if (total === 0) throw weightError('at least one entry with a weight above 0', 'none');
    return Array.from({ length: count ?? entries.length }, () => {
      const drawn = firstAbove(cumulative, random.uniform(0, total));
      return entries[drawn] as SampleEntry;
    });
  };
}

/** Index of the first of ascending numbers that is greater than the value. */
function firstAbove(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function weightError(expected: string, received: string): PhalanxError {
  return new PhalanxError('sampler/weight', { what: 'The sampler cannot draw', expected, received });
}
