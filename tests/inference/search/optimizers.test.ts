import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { CmaEs } from '../../../src/inference/search/cmaEs.ts';
import { searchShares, weightMethods } from '../../../src/inference/search/methods.ts';
import { nelderMead } from '../../../src/inference/search/nelderMead.ts';
import { symmetricEigen } from '../../../src/inference/search/symmetricEigen.ts';

interface Goldens {
  readonly nelderMead: readonly {
    readonly function: keyof typeof functions;
    readonly start: readonly number[];
    readonly limit: number;
    readonly at: readonly number[];
    readonly cost: number;
    readonly evaluations: number;
  }[];
  readonly cmaEs: readonly {
    readonly function: keyof typeof functions;
    readonly start: readonly number[];
    readonly sigma: number;
    readonly steps: readonly {
      readonly candidates: readonly (readonly number[])[];
      readonly mean: readonly number[];
      readonly sigma: number;
      readonly covariance: readonly (readonly number[])[];
    }[];
  }[];
}

const path = new URL('../../goldens/inference/weightSearch.json', import.meta.url);
const goldens = JSON.parse(readFileSync(path, 'utf8')) as Goldens;

type Vector = readonly number[];
const sum = (values: Vector): number => values.reduce((total, value) => total + value, 0);
const functions = {
  sphere: (x: Vector) => sum(x.map((v) => (v - 0.3) ** 2)),
  rosenbrock: (x: Vector) => sum(x.slice(1).map((b, i) => 100 * (b - x[i]! * x[i]!) ** 2 + (1 - x[i]!) ** 2)),
  ellipsoid: (x: Vector) => sum(x.map((v, i) => 1000 ** (i / (x.length - 1)) * v * v)),
};

describe('nelderMead', () => {
  it.each(goldens.nelderMead)("ends where SciPy's does: $function, at most $limit", async (golden) => {
    const { start, limit: evaluations } = golden;
    const simplex = [start, ...start.map((_, k) => start.map((v, i) => v + (i === k ? 1 : 0)))];
    const cost = (at: Vector) => Promise.resolve(functions[golden.function](at));
    const options = { simplex, evaluations, tolerance: 1e-6, costTolerance: 1e-6 };
    const found = await nelderMead(cost, options);
    expect(found.evaluations).toBe(golden.evaluations);
    expect(found.cost).toBeCloseTo(golden.cost, 10);
    for (const [i, x] of found.at.entries()) expect(x).toBeCloseTo(golden.at[i]!, 8);
  });
});

describe('CmaEs', () => {
  it.each(goldens.cmaEs)(
    "goes the steps of pycma's: $function",
    ({ function: name, start, sigma, steps }) => {
      const search = new CmaEs({ start, sigma, random: Random.from('unused') });
      for (const step of steps) {
        search.tell(step.candidates, step.candidates.map(functions[name]));
        expect(search.sigma).toBeCloseTo(step.sigma, 10);
        for (const [i, x] of search.mean.entries()) expect(x).toBeCloseTo(step.mean[i]!, 10);
        for (const [i, row] of search.covariance.entries()) {
          for (const [j, x] of row.entries()) expect(x).toBeCloseTo(step.covariance[i]![j]!, 9);
        }
      }
    },
  );

  it.each(['sphere', 'rosenbrock', 'ellipsoid'] as const)('minimizes the %s by its own samples', (name) => {
    const search = new CmaEs({ start: [0, 0.5, -0.3, 0.8], sigma: 0.5, random: Random.from(name) });
    for (let generation = 0; generation < 400; generation++) {
      const candidates = search.ask();
      search.tell(candidates, candidates.map(functions[name]));
    }
    expect(functions[name](search.mean)).toBeLessThan(1e-9);
  });
});

describe('symmetricEigen', () => {
  it('takes a matrix apart so that it can be put together again', () => {
    const random = Random.from('eigen');
    const half = Array.from({ length: 6 }, () => Array.from({ length: 6 }, () => random.normal()));
    const matrix = half.map((a) => half.map((b) => sum(a.map((x, i) => x * b[i]!))));
    const { values, vectors } = symmetricEigen(matrix);
    for (const [i, row] of matrix.entries()) {
      for (const [j, x] of row.entries()) {
        expect(sum(values.map((value, k) => value * vectors[i]![k]! * vectors[j]![k]!))).toBeCloseTo(x, 9);
        expect(sum(values.map((_, k) => vectors[i]![k]! * vectors[j]![k]!))).toBeCloseTo(i === j ? 1 : 0, 12);
      }
    }
  });
});

describe('searchShares', () => {
  const best = [0.5, 0, 0.3, 0.2, 0];
  const objective = (candidates: readonly Vector[]) =>
    Promise.resolve(candidates.map((shares) => -sum(shares.map((share, m) => (share - best[m]!) ** 2))));
  const tolerance = { greedy: 0.03, coordinate: 0.03, nelderMead: 0.05, cmaEs: 0.02 };

  it.each(weightMethods)('%s finds the best shares, and the same ones again', async (method) => {
    const found = await searchShares(method, objective, { members: 5, seed: 3 });
    expect(sum(found)).toBeCloseTo(1, 12);
    for (const [m, share] of found.entries()) {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(Math.abs(share - best[m]!)).toBeLessThan(tolerance[method]);
    }
    expect(await searchShares(method, objective, { members: 5, seed: 3 })).toEqual(found);
  });

  it('greedily takes from bags where there are many members, the good ones most', async () => {
    const wanted = Array.from({ length: 16 }, (_, m) => (m < 4 ? 1 / 4 : 0));
    const many = (candidates: readonly Vector[]) =>
      Promise.resolve(candidates.map((shares) => -sum(shares.map((share, m) => (share - wanted[m]!) ** 2))));
    const found = await searchShares('greedy', many, { members: 16, seed: 0 });
    expect(sum(found)).toBeCloseTo(1, 12);
    expect(Math.min(...found.slice(0, 4))).toBeGreaterThan(Math.max(...found.slice(4)));
  });
});
