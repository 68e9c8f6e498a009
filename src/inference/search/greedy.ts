import type { Random } from '../../core/random.ts';

/** What weights are worth, several at once; higher is better. */
export type WeightObjective = (candidates: readonly (readonly number[])[]) => Promise<readonly number[]>;

export interface GreedyOptions {
  readonly members: number;
  /** Members added one after another, the first ones included. Default 20. */
  readonly rounds?: number;
  /** Best single members that a bag starts with, as long as each makes it better. Default 1. */
  readonly first?: number;
  /**
   * Selections, each from half of the members, whose shares are averaged; 1 selects from all. Default 8 from ten members
   * on: halves of fewer leave out what matters.
   */
  readonly bags?: number;
  readonly random: Random;
}

/**
 * Greedy selection with replacement: again and again the member that helps most is added (or helps least harm); a
 * member's weight is how often it was, up to the best point on the way. Sorted initialization and bagging guard against
 * overfitting.
 *
 * Source: R. Caruana et al., Ensemble Selection from Libraries of Models, ICML 2004.
 *
 * @returns weights that sum to 1, `[members]`.
 */
export async function greedySelection(objective: WeightObjective, options: GreedyOptions): Promise<number[]> {
  const { members, random } = options;
  const bags = options.bags ?? (members < 10 ? 1 : 8);
  const all = Array.from({ length: members }, (_, m) => m);
  const singles = await objective(all.map((m) => oneHot(members, [m])));
  const ranked = [...all].sort((a, b) => singles[b]! - singles[a]! || a - b);
  const counts = new Array<number>(members).fill(0);
  for (let bag = 0; bag < bags; bag++) {
    const drawn = new Set(bags === 1 ? all : random.shuffle(all).slice(0, Math.ceil(members / 2)));
    const chosen = await selectOnce(
      objective,
      ranked.filter((m) => drawn.has(m)),
      options,
    );
    for (const m of chosen) counts[m]! += 1 / (bags * chosen.length);
  }
  return counts;
}

/** @param ranked the members to choose from, best first. */
async function selectOnce(
  objective: WeightObjective,
  ranked: readonly number[],
  { members, rounds = 20, first = 1 }: GreedyOptions,
): Promise<readonly number[]> {
  const worth = async (chosen: readonly number[]): Promise<number> =>
    (await objective([oneHot(members, chosen)]))[0]!;
  let chosen: readonly number[] = [ranked[0]!];
  let best: { chosen: readonly number[]; value: number } = { chosen, value: await worth(chosen) };
  for (const m of ranked.slice(1, first)) {
    const value = await worth([...chosen, m]);
    if (value <= best.value) break;
    chosen = [...chosen, m];
    best = { chosen, value };
  }
  while (chosen.length < rounds) {
    const tried = ranked.map((m) => [...chosen, m]);
    const values = await objective(tried.map((trial) => oneHot(members, trial)));
    const at = values.indexOf(Math.max(...values));
    chosen = tried[at]!;
    if (values[at]! > best.value) best = { chosen, value: values[at]! };
  }
  return best.chosen;
}

function oneHot(members: number, chosen: readonly number[]): number[] {
  const weights = new Array<number>(members).fill(0);
  for (const m of chosen) weights[m]! += 1 / chosen.length;
  return weights;
}
