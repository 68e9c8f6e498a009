import { tableOf } from './values.ts';
import type { Limits, Rescale, StoredArray } from './values.ts';

/** Numbers of more than 16 bits are ranked from this many of them, evenly spaced, where there are more. */
const maxRanked = 2 ** 22;

/**
 * The least and greatest numbers; numbers that are not finite are passed over. Where all are alike, `high` is above
 * `low` all the same.
 */
export function rangeLimits(data: StoredArray, rescale: Rescale): Limits {
  let least = Infinity;
  let greatest = -Infinity;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value < least && value > -Infinity) least = value;
    if (value > greatest && value < Infinity) greatest = value;
  }
  return rescaled(least, greatest, rescale);
}

/**
 * NumPy's `percentile` (linear) of the finite numbers: exact for numbers of up to 16 bits and for up to 4 million
 * others.
 *
 * @param low percent, from 0.
 * @param high percent, to 100.
 */
export function percentileLimits(
  data: StoredArray,
  rescale: Rescale,
  { low, high }: { readonly low: number; readonly high: number },
): Limits {
  const at = tableOf(data) === undefined ? ranked(data) : counted(data);
  if (at === undefined) return rescaled(Infinity, -Infinity, rescale);
  // A negative slope turns the order around.
  const [first, last] = rescale.slope < 0 ? [100 - high, 100 - low] : [low, high];
  return rescaled(between(at, first), between(at, last), rescale);
}

/** Numbers in ascending order. */
interface Ranking {
  readonly count: number;
  readonly at: (rank: number) => number;
}

function between({ count, at }: Ranking, percent: number): number {
  const rank = ((count - 1) * percent) / 100;
  const below = at(Math.floor(rank));
  return below + (at(Math.ceil(rank)) - below) * (rank - Math.floor(rank));
}

function counted(data: StoredArray): Ranking | undefined {
  const { first, size } = tableOf(data)!;
  if (data.length === 0) return undefined;
  const counts = new Uint32Array(size);
  for (let i = 0; i < data.length; i++) counts[data[i]! - first]!++;
  return {
    count: data.length,
    at: (rank) => {
      let index = 0;
      for (let passed = counts[0]!; passed <= rank; passed += counts[index]!) index++;
      return first + index;
    },
  };
}

function ranked(data: StoredArray): Ranking | undefined {
  const step = Math.ceil(data.length / maxRanked);
  const taken = Float64Array.from(
    { length: Math.floor((data.length - 1) / step) + 1 },
    (_, i) => data[i * step]!,
  );
  const sorted = taken.filter(Number.isFinite).sort();
  return sorted.length === 0 ? undefined : { count: sorted.length, at: (rank) => sorted[rank]! };
}

function rescaled(least: number, greatest: number, { slope, intercept }: Rescale): Limits {
  if (least > greatest) return { low: 0, high: 1 };
  const [a, b] = [least * slope + intercept, greatest * slope + intercept];
  const [low, high] = a < b ? [a, b] : [b, a];
  return { low, high: high > low ? high : low + 1 };
}
