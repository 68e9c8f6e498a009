import type { Random } from '../../core/random.ts';
import { symmetricEigen } from './symmetricEigen.ts';

type Vector = readonly number[];

export interface CmaEsOptions {
  readonly start: Vector;
  /** Initial standard deviation of every coordinate. */
  readonly sigma: number;
  /** Candidates per generation. Default `4 + ⌊3·ln N⌋`. */
  readonly population?: number;
  readonly random: Random;
}

/**
 * CMA-ES with positive recombination weights, for minimizing: `ask` for a generation, `tell` what it is worth.
 *
 * Source: N. Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772), in the constants and the step-size rule
 * of `cma.purecma` (pycma).
 */
export class CmaEs {
  readonly population: number;
  #mean: number[];
  #sigma: number;
  readonly #covariance: number[][];
  readonly #random: Random;
  readonly #weights: Vector;
  readonly #rates: Rates;
  readonly #stepPath: number[];
  readonly #covariancePath: number[];
  #told = 0;
  #eigen: ReturnType<typeof symmetricEigen>;

  constructor({ start, sigma, population, random }: CmaEsOptions) {
    const n = start.length;
    this.population = population ?? 4 + Math.floor(3 * Math.log(n));
    this.#mean = [...start];
    this.#sigma = sigma;
    this.#random = random;
    this.#covariance = start.map((_, i) => start.map((__, j) => (i === j ? 1 : 0)));
    this.#stepPath = start.map(() => 0);
    this.#covariancePath = start.map(() => 0);
    const raw = Array.from(
      { length: Math.floor(this.population / 2) },
      (_, i) => Math.log(this.population / 2 + 0.5) - Math.log(i + 1),
    );
    const total = sum(raw);
    this.#weights = raw.map((weight) => weight / total);
    this.#rates = ratesOf(n, this.population, this.#weights);
    this.#eigen = symmetricEigen(this.#covariance);
  }

  get mean(): Vector {
    return this.#mean;
  }

  get sigma(): number {
    return this.#sigma;
  }

  get covariance(): readonly Vector[] {
    return this.#covariance;
  }

  /** The next generation, `[population][N]`. */
  ask(): number[][] {
    const { values, vectors } = this.#eigen;
    return Array.from({ length: this.population }, () => {
      const z = values.map((value) => this.#sigma * Math.sqrt(value) * this.#random.normal());
      return this.#mean.map((m, i) => m + dot(vectors[i]!, z));
    });
  }

  /** @param costs of each candidate, lower is better. */
  tell(candidates: readonly Vector[], costs: readonly number[]): void {
    const n = this.#mean.length;
    const { muEff, cc, cs, c1, cmu, damps } = this.#rates;
    this.#told += costs.length;
    const order = costs.map((_, k) => k).sort((a, b) => costs[a]! - costs[b]! || a - b);
    const parents = this.#weights.map((_, k) => candidates[order[k]!]!);
    const old = this.#mean;
    this.#mean = old.map((_, i) => sum(parents.map((parent, k) => parent[i]! * this.#weights[k]!)));
    const step = this.#mean.map((value, i) => value - old[i]!);
    const whitened = this.#whiten(step);
    const csn = Math.sqrt(cs * (2 - cs) * muEff) / this.#sigma;
    const ccn = Math.sqrt(cc * (2 - cc) * muEff) / this.#sigma;
    for (let i = 0; i < n; i++) this.#stepPath[i] = (1 - cs) * this.#stepPath[i]! + csn * whitened[i]!;
    const length = sum(this.#stepPath.map((x) => x * x)) / n;
    const calm = length / (1 - (1 - cs) ** ((2 * this.#told) / this.population)) < 2 + 4 / (n + 1) ? 1 : 0;
    for (let i = 0; i < n; i++) {
      this.#covariancePath[i] = (1 - cc) * this.#covariancePath[i]! + ccn * calm * step[i]!;
    }
    const c1a = c1 * (1 - (1 - calm) * cc * (2 - cc));
    const steps = parents.map((parent) => parent.map((x, i) => (x - old[i]!) / this.#sigma));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const rankMu = sum(steps.map((y, k) => this.#weights[k]! * y[i]! * y[j]!));
        this.#covariance[i]![j] =
          (1 - c1a - cmu) * this.#covariance[i]![j]! +
          c1 * this.#covariancePath[i]! * this.#covariancePath[j]! +
          cmu * rankMu;
      }
    }
    this.#sigma *= Math.exp(Math.min(1, ((cs / damps) * (length - 1)) / 2));
    this.#eigen = symmetricEigen(this.#covariance);
  }

  /** `C^(−1/2) · v`. */
  #whiten(v: Vector): number[] {
    const { values, vectors } = this.#eigen;
    const along = values.map((value, k) => sum(v.map((x, i) => x * vectors[i]![k]!)) / Math.sqrt(value));
    return v.map((_, i) => dot(vectors[i]!, along));
  }
}

type Rates = Readonly<Record<'muEff' | 'cc' | 'cs' | 'c1' | 'cmu' | 'damps', number>>;

function ratesOf(n: number, population: number, weights: Vector): Rates {
  const muEff = 1 / sum(weights.map((weight) => weight * weight));
  const cs = (muEff + 2) / (n + muEff + 5);
  const c1 = 2 / ((n + 1.3) ** 2 + muEff);
  return {
    muEff,
    cc: (4 + muEff / n) / (n + 4 + (2 * muEff) / n),
    cs,
    c1,
    cmu: Math.min(1 - c1, (2 * (muEff - 2 + 1 / muEff)) / ((n + 2) ** 2 + muEff)),
    damps: (2 * muEff) / population + 0.3 + cs,
  };
}

function sum(values: Vector): number {
  return values.reduce((total, value) => total + value, 0);
}

function dot(a: Vector, b: Vector): number {
  return sum(a.map((x, i) => x * b[i]!));
}
