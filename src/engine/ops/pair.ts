/** [vertical, horizontal] */
export type Pair = readonly [number, number];

export function pair(value: number | Pair): Pair {
  return typeof value === 'number' ? [value, value] : value;
}
