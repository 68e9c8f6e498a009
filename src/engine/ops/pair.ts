/** [vertical, horizontal] */
export type Pair = readonly [number, number];

export function pair(value: number | Pair): Pair {
  return typeof value === 'number' ? [value, value] : value;
}

/** Pixels on each of the four sides of an image. */
export type Sides = readonly [
  vertical: readonly [top: number, bottom: number],
  horizontal: readonly [left: number, right: number],
];

/** The four sides, from them, from one number for all or from one for each axis. */
export function sides(value: number | Pair | Sides): Sides {
  const [vertical, horizontal] = typeof value === 'number' ? pair(value) : value;
  return [
    typeof vertical === 'number' ? [vertical, vertical] : vertical,
    typeof horizontal === 'number' ? [horizontal, horizontal] : horizontal,
  ];
}
