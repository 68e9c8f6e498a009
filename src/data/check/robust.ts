/** The middle value, or the mean of the two middle ones; NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A middle and a spread that half of the values may be wrong about. */
export interface RobustSpread {
  readonly middle: number;
  /** Median absolute deviation times 1.4826: the standard deviation if the values are normally distributed. */
  readonly deviation: number;
}

export function robustSpread(values: readonly number[]): RobustSpread {
  const middle = median(values);
  return { middle, deviation: 1.4826 * median(values.map((value) => Math.abs(value - middle))) };
}
