import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, test } from 'vitest';
import { errorMapPlain } from '../../src/analysis/plain/errorMap.ts';
import { evaluateSubmission } from '../../src/analysis/evaluation/evaluateSubmission.ts';
import type { SubmissionEvaluation } from '../../src/analysis/evaluation/evaluateSubmission.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { scoreSubmission } from '../../src/inference/submission/score.ts';
import { surfaceDistances } from '../../src/labels/surfaceDistances.ts';
import { hausdorffDistance, normalizedSurfaceDice } from '../../src/labels/surfaceMetrics.ts';
import { createImage } from '../../src/pixels/image.ts';
import { submissionLines, syntheticDataset } from '../inference/syntheticDataset.ts';
import type { SyntheticDataset } from '../inference/syntheticDataset.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';

let folder: string;
let truth: SyntheticDataset;
let guess: SyntheticDataset;
let submission: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  truth = await syntheticDataset(join(folder, 'data'), { images: 3 });
  guess = await syntheticDataset(join(folder, 'guess'), { images: 3, seed: 2 });
  submission = await write(join(folder, 'a.csv'), submissionLines(guess).join('\n'));
});

async function evaluate(dataset: Dataset, maps?: string): Promise<SubmissionEvaluation> {
  const readable = { ...dataset, readImage: () => Promise.resolve(createImage(40, 30, 1)) };
  const events = evaluateSubmission({ submission, dataset: readable, out: join(folder, 'report'), maps });
  for (;;) {
    const event = await events.next();
    if (event.done === true) return event.value;
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

describe('an evaluation', () => {
  test('adds up what the images say', async () => {
    const evaluation = await evaluate(truth);
    const { perClass, meanDice } = await scoreSubmission(submission, truth);
    expect(evaluation.meanDice).toBeCloseTo(meanDice, 12);
    for (const [name, dice] of Object.entries(perClass))
      expect(evaluation.perClass[name]).toBeCloseTo(dice, 12);

    const pairs = truth.entries.test.map(({ id }) => [truth.labels.get(id)!, guess.labels.get(id)!] as const);
    const plain = pairs.map(([a, b]) => errorMapPlain(createImage(40, 30, 1), a, b));
    for (const kind of ['confused', 'missed', 'extra'] as const) {
      expect(evaluation.errors[kind]).toBe(sum(plain.map(({ counts }) => counts[kind])));
      expect(sum(evaluation.borderDistances[kind])).toBe(evaluation.errors[kind]);
    }
    const surfaces = await Promise.all(pairs.map(([a, b]) => surfaceDistances(b, a)));
    for (const [c, name] of truth.classes.entries()) {
      const figures = evaluation.classes[name]!;
      const row = evaluation.confusion[c]!;
      expect(figures.missed).toBe(row[4]);
      expect(figures.extra).toBe(evaluation.confusion[4]![c]);
      expect(figures.confused).toBe(sum(plain.map(({ confusedByClass }) => confusedByClass[c]!)));
      const ofClass = surfaces.map((one) => one[c]!);
      const sorted = ofClass.map((one) => hausdorffDistance(one, 95)).sort((a, b) => a - b);
      expect(figures.hausdorff95).toBeCloseTo(sorted[1]!, 12);
      expect(figures.surfaceDice).toBeCloseTo(
        sum(ofClass.map((one) => normalizedSurfaceDice(one, 2))) / 3,
        12,
      );
    }
    const [worst] = evaluation.worstImages;
    expect(worst!.meanDice).toBe(Math.min(...evaluation.worstImages.map((one) => one.meanDice)));
    const { report, ...figures } = evaluation;
    expect(JSON.parse(await readFile(join(folder, 'report/evaluation.json'), 'utf8'))).toEqual(
      Object.fromEntries(Object.entries(figures).filter(([key]) => key !== 'submission')),
    );
    expect(await readFile(report, 'utf8')).toContain('</html>');
  });

  test('writes an error map of every image at its own size, wherever its name points', async () => {
    await evaluate(truth, join(folder, 'maps'));
    const files = await readdir(join(folder, 'maps'));
    expect(files).toEqual(['0001-image0.png', '0002-image1.png', '0003-image2.png']);
    expect(await sharp(join(folder, 'maps', files[0]!)).metadata()).toMatchObject({ width: 40, height: 30 });
  });

  test('escapes hostile names of classes and images', async () => {
    const evil = '</figure><script>alert(1)</script>"\'&';
    const rename = (text: string) => text.replaceAll('image0.png', evil).replaceAll('class-0', `${evil}c`);
    const field = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const lines = submissionLines(guess).map((line) => line.split(',').map(rename).map(field).join(','));
    submission = await write(
      join(folder, 'a.csv'),
      lines.join('\n').replace(/^.*\n/, 'image_name,class,rle\n'),
    );
    const hostile: Dataset = {
      ...truth,
      classes: truth.classes.map(rename),
      entries: { train: [], test: truth.entries.test.map((entry) => ({ ...entry, id: rename(entry.id) })) },
      readLabels: (entry) => Promise.resolve(truth.labels.get(entry.imagePath.replace(/^.*\//, ''))!),
    };
    const { report } = await evaluate(hostile, join(folder, 'maps'));
    const page = await readFile(report, 'utf8');
    expect(page).toContain('&#60;script&#62;alert');
    expect(page).not.toMatch(/<script|<\/figure>&/);
    expect((await readdir(join(folder, 'maps'))).every((name) => /^\d{4}-[\w-]+\.png$/.test(name))).toBe(
      true,
    );
  });

  test('measures nothing where a class is in no image, and says when it is in one alone', async () => {
    const [none] = truth.classes;
    const lines = submissionLines(guess).map((line) =>
      line.includes(`,${none!},`) ? line.replace(/[^,]*$/, '') : line,
    );
    submission = await write(join(folder, 'a.csv'), lines.join('\n'));
    const { classes } = await evaluate(truth);
    expect(classes[none!]).toMatchObject({
      hausdorff95: null,
      surfaceDice: 0,
      notFound: 3,
      madeUp: 0,
      predicted: 0,
    });
  });

  test('refuses a submission without a row', async () => {
    submission = await write(join(folder, 'a.csv'), submissionLines(guess).slice(0, -1).join('\n'));
    await expect(evaluate(truth)).rejects.toMatchObject({ code: 'submission/rows' });
  });
});
