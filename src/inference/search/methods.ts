import { Random } from '../../core/random.ts';
import { CmaEs } from './cmaEs.ts';
import { coordinateSearch } from './coordinate.ts';
import { greedySelection } from './greedy.ts';
import type { WeightObjective } from './greedy.ts';
import { nelderMead } from './nelderMead.ts';

export const weightMethods = ['greedy', 'coordinate', 'nelderMead', 'cmaEs'] as const;
export type WeightMethod = (typeof weightMethods)[number];

export interface MethodOptions {
  readonly members: number;
  /** Most evaluations of Nelder-Mead and CMA-ES. Default 60 per member, at least 200. */
  readonly evaluations?: number;
  readonly seed: number;
}

/**
 * Shares of the members that make `objective` as large as a method finds; the same seed finds the same.
 *
 * @returns shares that sum to 1, `[members]`.
 */
export async function searchShares(
  method: WeightMethod,
  objective: WeightObjective,
  options: MethodOptions,
): Promise<readonly number[]> {
  const { members, seed } = options;
  const { evaluations = Math.max(200, 60 * members) } = options;
  const random = Random.from(seed, 'weights', method);
  const equal = new Array<number>(members).fill(1 / members);
  switch (method) {
    case 'greedy':
      return greedySelection(objective, { members, random });
    case 'coordinate':
      return coordinateSearch(objective, { start: equal });
    case 'nelderMead': {
      const cost = async (at: readonly number[]): Promise<number> => -(await objective([sharesAt(at)]))[0]!;
      const start = equal.map(() => 1);
      const simplex = [start, ...start.map((_, m) => start.map((x, i) => (i === m ? 2 : x)))];
      const { at } = await nelderMead(cost, { simplex, evaluations, tolerance: 1e-3, costTolerance: 1e-6 });
      return sharesAt(at);
    }
    case 'cmaEs':
      return evolve(objective, equal, evaluations, random);
  }
}

/** The best candidate of all generations. */
async function evolve(
  objective: WeightObjective,
  equal: readonly number[],
  evaluations: number,
  random: Random,
): Promise<readonly number[]> {
  const search = new CmaEs({ start: equal.map(() => 1), sigma: 0.4, random });
  let best = equal;
  let [value] = await objective([equal]);
  for (let used = 0; used < evaluations && search.sigma > 1e-3; used += search.population) {
    const candidates = search.ask();
    const shares = candidates.map(sharesAt);
    const values = await objective(shares);
    search.tell(
      candidates,
      values.map((worth) => -worth),
    );
    for (const [k, worth] of values.entries()) if (worth > value!) [best, value] = [shares[k]!, worth];
  }
  return best;
}

/** The shares that a point of the whole space stands for: what is below 0 counts as 0, and only ratios count. */
function sharesAt(at: readonly number[]): readonly number[] {
  const clipped = at.map((x) => Math.max(0, x));
  const total = clipped.reduce((sum, x) => sum + x, 0);
  return total > 0 ? clipped.map((x) => x / total) : at.map(() => 1 / at.length);
}
