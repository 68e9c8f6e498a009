import type { Random } from '../core/random.ts';

/** One of them, with probabilities in proportion to their `p`; at least one `p` must be above 0. */
export function chooseByWeight<Weighted extends { readonly p: number }>(
  weighted: readonly Weighted[],
  random: Random,
): Weighted {
  const candidates = weighted.filter(({ p }) => p > 0);
  let rest = random.uniform(
    0,
    candidates.reduce((sum, { p }) => sum + p, 0),
  );
  return candidates.find(({ p }) => (rest -= p) < 0) ?? candidates.at(-1)!;
}
