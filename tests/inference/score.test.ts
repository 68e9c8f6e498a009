import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { scoreSubmission } from '../../src/inference/submission/score.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';
import { maskOf, submissionLines, syntheticDataset } from './syntheticDataset.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe('scoreSubmission', () => {
  it('is 1 for the truth and follows the formula for anything else', async () => {
    const dataset = await syntheticDataset(join(folder, 'data'));
    const truth = await write(join(folder, 'truth.csv'), submissionLines(dataset).join('\n'));
    expect((await scoreSubmission(truth, dataset)).meanDice).toBeCloseTo(1, 5);
    const other = await syntheticDataset(join(folder, 'other'), { seed: 2 });
    const predicted = await write(join(folder, 'other.csv'), submissionLines(other).join('\n'));
    const score = await scoreSubmission(predicted, dataset);
    const expected = dataset.classes.map((_, c) => {
      const dice = dataset.entries.test.map(({ id }) => {
        const [a, b] = [maskOf(dataset.labels.get(id)!, c), maskOf(other.labels.get(id)!, c)];
        const sum = (values: Uint8Array): number => values.reduce((total, value) => total + value, 0);
        return (2 * sum(a.map((value, i) => value * b[i]!))) / (sum(a) + sum(b) + 1e-4);
      });
      return dice.reduce((total, value) => total + value, 0) / dice.length;
    });
    expect(Object.values(score.perClass)).toEqual(
      expected.map((value) => expect.closeTo(value, 12) as number),
    );
    const mean = expected.reduce((total, value) => total + value, 0) / expected.length;
    expect(score.meanDice).toBeCloseTo(mean, 12);
    expect(Object.keys(score.perImage)).toEqual(['image0.png', 'image1.png', 'image2.png']);
  });

  it('is the same in any order of rows', async () => {
    const dataset = await syntheticDataset(join(folder, 'data'));
    const [header, ...rows] = submissionLines(dataset);
    const path = await write(join(folder, 'a.csv'), [header, ...Random.from(3).shuffle(rows)].join('\n'));
    expect((await scoreSubmission(path, dataset)).meanDice).toBeCloseTo(1, 5);
  });

  it.each([
    ['missing', (lines: string[]) => lines.slice(0, -1), 'submission/rows'],
    ['duplicate', (lines: string[]) => [...lines, lines[1]!], 'submission/rows'],
    ['unknown', (lines: string[]) => [...lines, 'x.png,class-0,'], 'submission/rows'],
    ['malformed', (lines: string[]) => lines.with(1, 'image0.png,class-0,1'), 'submission/malformed'],
    ['outside', (lines: string[]) => lines.with(1, 'image0.png,class-0,1 1201'), 'submission/malformed'],
    ['without header', (lines: string[]) => lines.slice(1), 'submission/malformed'],
  ])('refuses a %s row', async (_, change, code) => {
    const dataset = await syntheticDataset(join(folder, 'data'));
    const path = await write(join(folder, 'a.csv'), change(submissionLines(dataset)).join('\n'));
    await expect(scoreSubmission(path, dataset)).rejects.toMatchObject({ code });
  });

  it('refuses a split without annotations', async () => {
    const dataset = await syntheticDataset(join(folder, 'data'));
    const path = await write(join(folder, 'a.csv'), submissionLines(dataset).join('\n'));
    await expect(scoreSubmission(path, dataset, 'train')).rejects.toMatchObject({
      code: 'score/no-annotations',
    });
  });
});
