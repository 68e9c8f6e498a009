/**
 * Marks one longest strictly ascending subsequence with 1 and the other elements with 0 (patience sorting,
 * O(n log n)).
 */
export function longestAscending(values: readonly number[]): Uint8Array {
  /** Position of the smallest value that ends an ascending subsequence of each length. */
  const tails: number[] = [];
  const previous = new Int32Array(values.length).fill(-1);
  for (const [at, value] of values.entries()) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[tails[middle]!]! < value) low = middle + 1;
      else high = middle;
    }
    if (low > 0) previous[at] = tails[low - 1]!;
    tails[low] = at;
  }
  const marked = new Uint8Array(values.length);
  for (let at = tails.at(-1) ?? -1; at >= 0; at = previous[at]!) marked[at] = 1;
  return marked;
}
