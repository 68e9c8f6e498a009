import { PhalanxError } from '../../core/errors.ts';
import type { Random } from '../../core/random.ts';
import type { SampleEntry } from '../dataset.ts';
import type { Drawn, Sampler } from './samplers.ts';

/** What decides how often an entry is drawn; each is optional, and they work together. */
export interface DrawOptions {
  /** Draws in an epoch; as many as there are entries if left out. */
  readonly count?: number | undefined;
  /** How often an entry is drawn beside others, at least 0; 1 for all if left out. */
  readonly weightOf?: (entry: SampleEntry) => number;
  /** Where entries come from, and the parts that the sources have of all draws, in any unit. */
  readonly sources?: {
    readonly of: (entry: SampleEntry) => string;
    readonly shares: ReadonlyMap<string, number>;
  };
  /** Draws that are made for the sake of a class. */
  readonly classes?: {
    /** Their part of all draws, from 0 to 1. */
    readonly share: number;
    /** How often a class is drawn beside others, `[classes]`; those with 0 are not. */
    readonly weights: readonly number[];
    /** Whether an entry has pixels of a class. */
    readonly has: (entry: SampleEntry, classIndex: number) => boolean;
  };
}

/**
 * Draws with replacement. For each draw in turn: a source, by its share; with the probability `classes.share` a class
 * that the source has, by its weight; then an entry of that source and with that class, by its weight (PyTorch's
 * `WeightedRandomSampler` within what is left).
 *
 * @throws PhalanxError `sampler/weight` for a weight that is negative or not finite, or when nothing can be drawn.
 */
export function drawingSampler({ count, weightOf = () => 1, sources, classes }: DrawOptions): Sampler {
  return (entries, random) => {
    if (entries.length === 0) return [];
    const pools = [...poolsOf(entries, sources)].map(([name, { share, members }]) => {
      const anyone = wheelOf(members, weightOf, `images of ${name}`);
      return {
        share,
        anyone,
        byClass: classes === undefined ? undefined : classWheel(members, weightOf, classes),
      };
    });
    const poolWheel = wheelOf(pools, ({ share }) => share, 'sources');
    return Array.from({ length: count ?? entries.length }, (): Drawn => {
      const { anyone, byClass } = poolWheel(random);
      if (classes === undefined || byClass === undefined || !random.chance(classes.share)) {
        return { entry: anyone(random) };
      }
      const { focus, having } = byClass(random);
      return { entry: having(random), focus };
    });
  };
}

/** Turns at random and stops at one of its items. */
type Wheel<Item> = (random: Random) => Item;

interface Pool {
  readonly share: number;
  readonly members: SampleEntry[];
}

/** The entries of each source that has a share. */
function poolsOf(entries: readonly SampleEntry[], sources: DrawOptions['sources']): Map<string, Pool> {
  const pools = new Map<string, Pool>();
  for (const entry of entries) {
    const name = sources?.of(entry) ?? 'the dataset';
    const share = sources === undefined ? 1 : (sources.shares.get(name) ?? 0);
    checkWeight(share, name);
    if (share === 0) continue;
    const pool = pools.get(name);
    if (pool === undefined) pools.set(name, { share, members: [entry] });
    else pool.members.push(entry);
  }
  return pools;
}

/** Classes that can be drawn from some entries; undefined where there is none. */
function classWheel(
  members: readonly SampleEntry[],
  weightOf: (entry: SampleEntry) => number,
  { weights, has }: NonNullable<DrawOptions['classes']>,
): Wheel<{ focus: number; having: Wheel<SampleEntry> }> | undefined {
  const able = weights.flatMap((weight, focus) => {
    checkWeight(weight, `class ${focus}`);
    if (weight === 0) return [];
    const having = members.filter((entry) => has(entry, focus) && weightOf(entry) > 0);
    return having.length === 0
      ? []
      : [{ weight, focus, having: wheelOf(having, weightOf, `images with class ${focus}`) }];
  });
  return able.length === 0 ? undefined : wheelOf(able, ({ weight }) => weight, 'classes');
}

function wheelOf<Item>(items: readonly Item[], weightOf: (item: Item) => number, what: string): Wheel<Item> {
  const cumulative: number[] = [];
  let total = 0;
  for (const item of items) {
    const weight = weightOf(item);
    checkWeight(weight, what);
    cumulative.push((total += weight));
  }
  if (total === 0) throw weightError(what, 'at least one with a weight above 0', 'none');
  return (random) => items[firstAbove(cumulative, random.uniform(0, total))]!;
}

/** Index of the first of ascending numbers that is greater than the value. */
function firstAbove(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function checkWeight(weight: number, where: string): void {
  if (!(weight >= 0 && weight < Infinity)) throw weightError(where, 'a weight of at least 0', `${weight}`);
}

function weightError(where: string, expected: string, received: string): PhalanxError {
  return new PhalanxError('sampler/weight', { what: 'The sampler cannot draw', where, expected, received });
}
