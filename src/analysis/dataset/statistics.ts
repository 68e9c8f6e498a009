import { domainOf, makeScale } from '../charts/scale.ts';

export interface MeanAndDeviation {
  readonly mean: number;
  readonly deviation: number;
  readonly count: number;
}

/** Undefined for no values. */
export function meanAndDeviation(values: readonly number[]): MeanAndDeviation | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, count - 1)), count };
}

/** The value that a share of the sorted values lies below, linearly between neighbours as NumPy has it. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

/** Counts of values in equal bins with round borders; a value on a border is in the upper bin. */
export interface Bins {
  /** Ascending, one more than bins. */
  readonly edges: readonly number[];
  /** `[groups][bins]` */
  readonly counts: readonly (readonly number[])[];
}

/**
 * Counts the finite values of each group in common bins.
 *
 * @param wished number of bins; borders are multiples of 1, 2 or 5 times a power of ten near it.
 */
export function binned(groups: readonly (readonly number[])[], wished = 10): Bins {
  const domain = domainOf(groups.flat());
  const { ticks } = makeScale({ domain, range: [0, 1], ticks: wished });
  const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : domain[1] - domain[0];
  const first = Math.floor(domain[0] / step + 1e-9);
  const bins = Math.max(1, Math.floor(domain[1] / step + 1e-9) - first + 1);
  const counts = groups.map((values) => {
    const own = new Array<number>(bins).fill(0);
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      own[Math.min(bins - 1, Math.max(0, Math.floor(value / step + 1e-9) - first))]! += 1;
    }
    return own;
  });
  // Twelve digits keep a border of 0.3 from being written as 0.30000000000000004.
  const edges = Array.from({ length: bins + 1 }, (_, bin) => Number(((first + bin) * step).toPrecision(12)));
  return { edges, counts };
}

/** How one quantity goes with another. */
export interface Trend {
  readonly count: number;
  /** Pearson's correlation, −1 to 1. */
  readonly correlation: number;
  /** Of the least-squares line, units of y per unit of x. */
  readonly slope: number;
}

/** Undefined for fewer than three points, and where one of the two does not vary. */
export function trendOf(points: readonly (readonly [x: number, y: number])[]): Trend | undefined {
  const count = points.length;
  if (count < 3) return undefined;
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / count;
  const [mx, my] = [mean(0), mean(1)];
  let [xx, yy, xy] = [0, 0, 0];
  for (const [x, y] of points) {
    xx += (x - mx) ** 2;
    yy += (y - my) ** 2;
    xy += (x - mx) * (y - my);
  }
  if (xx === 0 || yy === 0) return undefined;
  return { count, correlation: xy / Math.sqrt(xx * yy), slope: xy / xx };
}
