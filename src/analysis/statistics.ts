export interface MeanAndDeviation {
  readonly mean: number;
  /** Standard deviation of the sample (divided by n − 1); 0 for a single value. */
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
