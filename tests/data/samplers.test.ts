import { describe, expect, test } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { SampleEntry } from '../../src/data/dataset.ts';
import { drawingSampler } from '../../src/data/loader/drawingSampler.ts';
import type { DrawOptions } from '../../src/data/loader/drawingSampler.ts';
import { sequentialSampler, shuffledSampler } from '../../src/data/loader/samplers.ts';
import type { Drawn } from '../../src/data/loader/samplers.ts';

const entries: SampleEntry[] = Array.from({ length: 8 }, (_, i) => ({
  id: `${i}`,
  person: `${i >> 1}`,
  imagePath: '',
  origin: i < 6 ? 'main' : 'rare',
}));
const draws = 20_000;

function draw(options: DrawOptions, seed = 1): readonly Drawn[] {
  return drawingSampler({ count: draws, ...options })(entries, Random.from('sampler', seed));
}

/** Expects parts of all draws, each within four and a half standard deviations. */
function expectShares(
  drawn: readonly Drawn[],
  keyOf: (one: Drawn) => string,
  shares: Record<string, number>,
) {
  const counts: Record<string, number> = {};
  for (const one of drawn) counts[keyOf(one)] = (counts[keyOf(one)] ?? 0) + 1;
  expect(Object.keys(counts).sort()).toEqual(Object.keys(shares).sort());
  for (const [key, share] of Object.entries(shares)) {
    const deviation = Math.sqrt((share * (1 - share)) / drawn.length);
    expect(Math.abs(counts[key]! / drawn.length - share), key).toBeLessThan(4.5 * deviation + 1e-9);
  }
}

const byId = ({ entry }: Drawn): string => entry.id;

test('sequential keeps the order, shuffled shows each once', () => {
  const ids = (drawn: readonly Drawn[]) => drawn.map(byId);
  expect(ids(sequentialSampler(entries, Random.from(1)))).toEqual(entries.map(({ id }) => id));
  const shuffled = ids(shuffledSampler(entries, Random.from(1)));
  expect(shuffled).not.toEqual(entries.map(({ id }) => id));
  expect([...shuffled].sort()).toEqual(entries.map(({ id }) => id));
});

describe('drawing', () => {
  test('is even where nothing is asked for, as many draws as there are entries', () => {
    expectShares(draw({}), byId, Object.fromEntries(entries.map(({ id }) => [id, 1 / 8])));
    expect(drawingSampler({})(entries, Random.from(1))).toHaveLength(8);
    expect(drawingSampler({})([], Random.from(1))).toEqual([]);
  });

  test('follows weights', () => {
    const weightOf = ({ person }: SampleEntry) => ({ 0: 3, 1: 1 })[person] ?? 0;
    const drawn = draw({ weightOf });
    expectShares(drawn, byId, { 0: 3 / 8, 1: 3 / 8, 2: 1 / 8, 3: 1 / 8 });
    expect(draw({ weightOf })).toEqual(drawn);
    expect(draw({ weightOf }, 2)).not.toEqual(drawn);
  });

  test('mixes sources by their parts, whatever they have of images', () => {
    const sources = {
      of: ({ origin }: SampleEntry) => origin!,
      shares: new Map([
        ['main', 3],
        ['rare', 1],
      ]),
    };
    expectShares(draw({ sources }), ({ entry }) => entry.origin!, { main: 0.75, rare: 0.25 });
    const none = { ...sources, shares: new Map([['main', 1]]) };
    expectShares(draw({ sources: none }), ({ entry }) => entry.origin!, { main: 1 });
  });

  test('for classes takes the class first, then an image that has it', () => {
    // Class 0 is everywhere, class 1 in two images, class 2 nowhere, class 3 is not asked for.
    const has = ({ id }: SampleEntry, c: number) =>
      c === 0 || c === 3 || (c === 1 && (id === '4' || id === '7'));
    const classes = { share: 0.5, weights: [1, 3, 5, 0], has };
    const drawn = draw({ classes });
    expectShares(drawn, ({ focus }) => `${focus}`, { undefined: 0.5, 0: 0.125, 1: 0.375 });
    expectShares(
      drawn.filter(({ focus }) => focus === 1),
      byId,
      { 4: 0.5, 7: 0.5 },
    );
    for (const { entry, focus } of drawn) if (focus !== undefined) expect(has(entry, focus)).toBe(true);
  });

  test('does all of it at once', () => {
    const sources = {
      of: ({ origin }: SampleEntry) => origin!,
      shares: new Map([
        ['main', 1],
        ['rare', 1],
      ]),
    };
    const has = ({ id }: SampleEntry) => id === '6' || id === '4' || id === '5';
    const weightOf = ({ id }: SampleEntry) => (id === '4' ? 3 : id === '0' ? 0 : 1);
    const drawn = draw({ sources, weightOf, classes: { share: 1, weights: [1], has } });
    expectShares(drawn, byId, { 4: 0.375, 5: 0.125, 6: 0.5 });
  });

  test('takes any image where no image has a class that is asked for', () => {
    const classes = { share: 1, weights: [1], has: () => false };
    expect(draw({ classes }).every(({ focus }) => focus === undefined)).toBe(true);
  });

  test.each([-1, Number.NaN, Infinity, 0])('refuses a weight of %d for all', (weight) => {
    expect(() => draw({ weightOf: () => weight })).toThrow(
      expect.objectContaining({ code: 'sampler/weight' }),
    );
    const classes = { share: 1, weights: [-1], has: () => true };
    expect(() => draw({ classes })).toThrow(expect.objectContaining({ code: 'sampler/weight' }));
  });
});
