import { describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { labelRunsPlain } from '../../src/labels/plain/runs.ts';
import {
  labelRuns,
  labelsOfRuns,
  paintRuns,
  runArea,
  runDice,
  runIntersection,
  voteRuns,
} from '../../src/labels/runs.ts';
import type { PixelOrder } from '../../src/labels/runs.ts';
import { maskOf } from './goldens.ts';
import { randomLabelMap } from './random.ts';

describe('labelRuns', () => {
  it.each(['row-major', 'column-major'] as const)(
    'equals its twin in more than one strip, %s',
    async (order) => {
      const random = Random.from('strips', order);
      for (const [width, height] of [
        [1100, 7],
        [513, 1],
        [577, 66],
      ] as const) {
        const labels = randomLabelMap(random, width, height, 5);
        expect(await labelRuns(labels, order)).toEqual(labelRunsPlain(labels, order));
      }
    },
  );

  it.each(['row-major', 'column-major'] as const)('equals its twin, %s', async (order: PixelOrder) => {
    const random = Random.from('labelRuns', order);
    for (let round = 0; round < 15; round++) {
      const [width, height] = [random.integer(1, 100), random.integer(1, 100)];
      const labels = randomLabelMap(random, width, height, random.integer(1, 70));
      expect(await labelRuns(labels, order)).toEqual(labelRunsPlain(labels, order));
    }
  });

  it('rejects planes of another size instead of reading beyond them', async () => {
    const labels = { ...createLabelMap(4, 4, 1), width: 5 };
    await expect(labelRuns(labels)).rejects.toThrow('expected 20 elements, received 16');
    await expect(labelRuns({ ...createLabelMap(4, 4, 1), classes: 33 })).rejects.toThrow(RangeError);
    await expect(labelRuns({ ...createLabelMap(4, 4, 1), width: Number.NaN })).rejects.toThrow(RangeError);
    const planes = [new Float32Array(16) as unknown as Uint32Array];
    await expect(labelRuns({ ...createLabelMap(4, 4, 1), planes })).rejects.toThrow(TypeError);
  });
});

describe('operations on runs', () => {
  const random = Random.from('runs');
  const [width, height] = [61, 47];

  it('agree with counting pixels', async () => {
    for (let round = 0; round < 10; round++) {
      const labels = randomLabelMap(random, width, height, 2);
      const [a, b] = await labelRuns(labels);
      const [maskA, maskB] = [maskOf(labels, 0), maskOf(labels, 1)];
      const both = maskA.filter((bit, i) => bit === 1 && maskB[i] === 1).length;
      const [areaA, areaB] = [maskA, maskB].map((mask) => mask.filter((bit) => bit === 1).length);
      expect(runArea(a!)).toBe(areaA);
      expect(runIntersection(a!, b!)).toBe(both);
      expect(runDice(a!, b!)).toBe((2 * both) / (areaA! + areaB! + 1e-4));
    }
  });

  it('give 0 for the Dice of two empty masks', async () => {
    const [empty] = await labelRuns(createLabelMap(4, 4, 1));
    expect(runDice(empty!, empty!)).toBe(0);
  });

  it.each(['row-major', 'column-major'] as const)('vote as counting per pixel does, %s', async (order) => {
    const weights = [1, 0.5, 2, 0.25, 1];
    for (const minimum of [0.25, 1, 2.5, 4.75, 5]) {
      const labels = randomLabelMap(random, width, height, weights.length);
      const masks = await labelRuns(labels, order);
      const ballots = masks.map((mask, i) => ({ mask, weight: weights[i]! }));
      const voted = createLabelMap(width, height, 1);
      paintRuns(voted, 0, voteRuns(ballots, minimum));
      const expected = labels.planes[0]!.map((pixel) => {
        const sum = weights.reduce((total, weight, i) => total + ((pixel >>> i) & 1 ? weight : 0), 0);
        return sum >= minimum ? 1 : 0;
      });
      expect(voted.planes[0]).toEqual(expected);
    }
  });

  it('refuse masks of different sizes or orders', async () => {
    const [rows] = await labelRuns(createLabelMap(4, 4, 1));
    const [columns] = await labelRuns(createLabelMap(4, 4, 1), 'column-major');
    const [small] = await labelRuns(createLabelMap(4, 3, 1));
    expect(() => runDice(rows!, columns!)).toThrow(PhalanxError);
    expect(() => runDice(rows!, small!)).toThrow(PhalanxError);
    expect(() => paintRuns(createLabelMap(5, 4, 1), 0, rows!)).toThrow(PhalanxError);
    expect(() => paintRuns(createLabelMap(4, 4, 1), 1, rows!)).toThrow(RangeError);
    expect(() => voteRuns([], 1)).toThrow(RangeError);
    expect(() => voteRuns([{ mask: rows!, weight: 1 }], 0)).toThrow(RangeError);
  });
});

describe('labelsOfRuns', () => {
  it.each(['row-major', 'column-major'] as const)('gives back label maps, %s', async (order) => {
    const random = Random.from('labelsOfRuns', order);
    for (let round = 0; round < 8; round++) {
      const labels = randomLabelMap(
        random,
        random.integer(1, 60),
        random.integer(1, 60),
        random.integer(1, 70),
      );
      expect(await labelsOfRuns(await labelRuns(labels, order), { ...labels, order })).toEqual(labels);
    }
  });

  it('refuses masks of other shapes, and boundaries that are none', async () => {
    const shape = { width: 4, height: 3, order: 'row-major' } as const;
    const paint = (...boundaries: number[]) =>
      labelsOfRuns([{ ...shape, boundaries: Uint32Array.from(boundaries) }], shape);
    expect([...(await paint(1, 3, 11, 12)).planes[0]!]).toEqual([0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    await expect(paint(1, 13)).rejects.toThrow(RangeError);
    await expect(paint(1)).rejects.toThrow(RangeError);
    await expect(paint(3, 3)).rejects.toThrow(RangeError);
    await expect(paint(3, 1)).rejects.toThrow(RangeError);
    const other = { ...shape, width: 3, boundaries: new Uint32Array(0) };
    await expect(labelsOfRuns([other], shape)).rejects.toThrow(PhalanxError);
  });
});
