import { describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { classAreas, compareLabels, diceOfLabels, overlapTable } from '../../src/labels/overlap.ts';
import { overlapTablePlain } from '../../src/labels/plain/overlap.ts';
import { labelRuns, runDice } from '../../src/labels/runs.ts';
import { randomLabelMap } from './random.ts';

describe('counting shared pixels', () => {
  const random = Random.from('overlap');

  it('equals its twin within one label map and between two of different classes', async () => {
    for (let round = 0; round < 12; round++) {
      const [width, height] = [random.integer(1, 80), random.integer(1, 80)];
      const a = randomLabelMap(random, width, height, random.integer(1, 70));
      const b = randomLabelMap(random, width, height, random.integer(1, 40));
      const own = overlapTablePlain(a, a);
      expect(await overlapTable(a)).toEqual(own);
      const { overlap, areasA, areasB } = await compareLabels(a, b);
      expect(overlap).toEqual(overlapTablePlain(a, b));
      expect(areasA).toEqual(await classAreas(a));
      expect([...areasA]).toEqual([...areasA.keys()].map((i) => own.counts[i * (a.classes + 1)]));
      expect(areasB).toEqual(await classAreas(b));
    }
  });

  it('gives the Dice that the runs give', async () => {
    const a = randomLabelMap(random, 60, 50, 35);
    const b = randomLabelMap(random, 60, 50, 35);
    const [runsA, runsB] = [await labelRuns(a), await labelRuns(b)];
    expect([...(await diceOfLabels(a, b))]).toEqual(runsA.map((run, i) => runDice(run, runsB[i]!)));
  });

  it('refuses label maps of different sizes', async () => {
    const comparing = compareLabels(createLabelMap(4, 3, 1), createLabelMap(3, 4, 1));
    await expect(comparing).rejects.toThrow(PhalanxError);
  });
});
