/** The least and the middle of repeated measurements. */
export interface Spread {
  readonly min: number;
  readonly median: number;
}

/** @param samples At least one. */
export function spread(samples: readonly number[]): Spread {
  if (samples.length === 0) throw new RangeError('No measurement to summarize');
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  const median = sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
  return { min: sorted[0]!, median };
}

/** The contenders of a round, each first in its turn: nobody always follows the same neighbour. */
export function turn<T>(contenders: readonly T[], round: number): T[] {
  const first = contenders.length === 0 ? 0 : round % contenders.length;
  return [...contenders.slice(first), ...contenders.slice(0, first)];
}
