import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { scoreMasks } from '../../src/labels/maskScores.ts';
import { maskOf } from './goldens.ts';
import { randomLabelMap } from './random.ts';

describe('scoreMasks', () => {
  it('agrees with counting pixels', async () => {
    const random = Random.from('maskScores');
    const a = randomLabelMap(random, 30, 20, 40);
    const b = randomLabelMap(random, 30, 20, 40);
    const scores = await scoreMasks(a, b);
    for (let c = 0; c < 40; c++) {
      const [p, t] = [maskOf(a, c), maskOf(b, c)];
      const count = (has: (i: number) => boolean) => [...p.keys()].filter(has).length;
      const truePositive = count((i) => p[i] === 1 && t[i] === 1);
      const falsePositive = count((i) => p[i] === 1 && t[i] === 0);
      const falseNegative = count((i) => p[i] === 0 && t[i] === 1);
      expect(scores.dice[c]).toBe((2 * truePositive) / (2 * truePositive + falsePositive + falseNegative));
      expect(scores.iou[c]).toBe(truePositive / (truePositive + falsePositive + falseNegative));
      expect(scores.precision[c]).toBe(truePositive / (truePositive + falsePositive));
      expect(scores.recall[c]).toBe(truePositive / (truePositive + falseNegative));
    }
  });

  it('is NaN where there is nothing to divide by', async () => {
    const predicted = createLabelMap(2, 1, 3);
    const target = createLabelMap(2, 1, 3);
    predicted.planes[0]!.set([1, 0]);
    target.planes[0]!.set([2, 0]);
    const { dice, iou, precision, recall } = await scoreMasks(predicted, target);
    expect([...dice]).toEqual([0, 0, NaN]);
    expect([...iou]).toEqual([0, 0, NaN]);
    expect([...precision]).toEqual([0, NaN, NaN]);
    expect([...recall]).toEqual([NaN, 0, NaN]);
  });
});
