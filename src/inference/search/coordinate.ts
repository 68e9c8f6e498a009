import type { WeightObjective } from './greedy.ts';

export interface CoordinateOptions {
  /** Shares to start from, `[members]`. */
  readonly start: readonly number[];
  /** Step at first, halved whenever a round over all members finds nothing better. Default 0.25. */
  readonly step?: number;
  /** Smallest step. Default 1/128. */
  readonly smallest?: number;
}

const mostRounds = 100;

/**
 * Moves one member's share at a time up or down, the others keeping their ratios, and keeps what is better.
 *
 * @returns shares that sum to 1, `[members]`.
 */
export async function coordinateSearch(
  objective: WeightObjective,
  { start, step = 0.25, smallest = 1 / 128 }: CoordinateOptions,
): Promise<readonly number[]> {
  let best = start;
  let [value] = await objective([start]);
  let size = step;
  for (let round = 0; round < mostRounds && size >= smallest; round++) {
    let improved = false;
    for (const m of start.keys()) {
      const trials = [size, -size].map((by) => withShare(best, m, best[m]! + by));
      const values = await objective(trials);
      const at = values[1]! > values[0]! ? 1 : 0;
      if (values[at]! <= value!) continue;
      [best, value, improved] = [trials[at]!, values[at]!, true];
    }
    if (!improved) size /= 2;
  }
  return best;
}

/** Member `m` at a share, clipped to 0 to 1; the others are scaled to the rest. */
function withShare(shares: readonly number[], m: number, wanted: number): number[] {
  const share = Math.min(1, Math.max(0, wanted));
  const others = 1 - shares[m]!;
  const equal = shares.length > 1 ? (1 - share) / (shares.length - 1) : 0;
  const scaled = shares.map((other, i) =>
    i === m ? share : others > 0 ? (other / others) * (1 - share) : equal,
  );
  const total = scaled.reduce((sum, value) => sum + value, 0);
  return scaled.map((value) => value / total);
}
