import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyzeDataset } from '../../src/analysis/analyzeDataset.ts';
import { renewTags } from '../../src/analysis/dataset/renewTags.ts';
import { datasetAnalysisSchema } from '../../src/analysis/dataset/schema.ts';
import { binned, quantile, trendOf } from '../../src/analysis/dataset/statistics.ts';
import { writeAnalysis } from '../../src/analysis/dataset/writeAnalysis.ts';
import { writeDatasetReport } from '../../src/analysis/report/dataset/writeDatasetReport.ts';
import { PhalanxError } from '../../src/core/errors.ts';
import type { Dataset, Person } from '../../src/data/dataset.ts';
import { readTags } from '../../src/data/tags.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { createImage } from '../../src/pixels/image.ts';
import { temporaryFolder } from '../temporaryFolder.ts';

interface TinyImage {
  readonly id: string;
  readonly person?: string;
  /** Grey value of the upper and of the lower half. */
  readonly grey?: readonly [number, number];
  /** Of each row of pixels, the set of classes as a bit mask; no labels if left out. */
  readonly rows?: readonly number[];
}

/** Images of 4 by 4 pixels that live in memory. */
function tinyDataset(
  images: readonly TinyImage[],
  classes: readonly string[] = ['a', 'b'],
  people: readonly Person[] = [],
): Dataset {
  const of = (id: string): TinyImage => images.find((image) => image.id === id)!;
  return {
    root: 'tiny',
    classes,
    persons: new Map(people.map((person) => [person.id, person])),
    entries: {
      train: images.map(({ id, person = id, rows }) => ({
        id,
        person,
        imagePath: id,
        ...(rows === undefined ? {} : { annotationPath: `${id}.json` }),
      })),
      test: [],
    },
    readSize: () => Promise.resolve({ width: 4, height: 4 }),
    readImage: ({ id }) => {
      const [upper, lower] = of(id).grey ?? [0, 200];
      const image = createImage(4, 4, 1);
      image.data.fill(upper, 0, 8).fill(lower, 8);
      return Promise.resolve(image);
    },
    readLabels: ({ id }) => {
      const labels = createLabelMap(4, 4, classes.length);
      of(id).rows!.forEach((bits, y) => labels.planes[0]!.fill(bits, 4 * y, 4 * y + 4));
      return Promise.resolve(labels);
    },
  };
}

/** Class a in 1, 2 and 3 rows; b in the last of them, in the first row of the fourth image, or nowhere. */
const images: readonly TinyImage[] = [
  { id: '1.png', person: 'eve', rows: [1, 0, 0, 0], grey: [0, 200] },
  { id: '2.png', person: 'eve', rows: [1, 3, 0, 0], grey: [100, 100] },
  { id: '3.png', person: 'adam', rows: [1, 1, 3, 0], grey: [50, 150] },
  { id: '4.png', person: 'cain', rows: [2, 0, 0, 0], grey: [10, 20] },
];
const people: readonly Person[] = [
  { id: 'eve', sex: 'female', age: 25, height: 160 },
  { id: 'adam', sex: 'male', age: 38 },
];

describe('analyzeDataset', () => {
  test('counts what a person counts by hand', async () => {
    const analysis = await analyzeDataset(tinyDataset(images, ['a', 'b'], people));
    expect(datasetAnalysisSchema.parse(analysis)).toEqual(analysis);
    const [a, b] = analysis.classes;
    expect(a!.area).toEqual({ mean: 8, deviation: 4, count: 3 });
    expect(a!.areaBySex.female).toEqual({ mean: 6, deviation: Math.sqrt(8), count: 2 });
    expect(a!.areaBySex.male).toEqual({ mean: 12, deviation: 0, count: 1 });
    expect(a!.areaByAge).toEqual([
      { from: 20, to: 30, area: { mean: 6, deviation: Math.sqrt(8), count: 2 } },
      { from: 30, to: 40, area: { mean: 12, deviation: 0, count: 1 } },
    ]);
    // Areas 4, 8, 12 at ages 25, 25, 38: the slope is 6/13 pixels a year.
    expect(a!.ageTrend!.perDecade).toBeCloseTo((10 * (6 / 13)) / 8, 12);
    expect(a!.ageTrend!.correlation).toBeCloseTo(Math.sqrt(3) / 2, 12);
    expect(a!.absentFrom).toEqual(['4.png']);
    expect(b!.area).toEqual({ mean: 4, deviation: 0, count: 3 });
    // Centres of 1, 2 and 3 rows of 4 lie at 1/8, 2/8 and 3/8 of the height.
    expect(a!.inImage).toEqual({
      count: 3,
      x: 0.5,
      y: 0.25,
      deviationX: 0,
      deviationY: 0.125,
      correlation: 0,
    });
    expect(a!.inArrangement).toBeUndefined();
    expect(analysis.overlapMatrix).toEqual([
      [1, 8 / 24],
      [8 / 12, 1],
    ]);
    expect(analysis.overlaps).toEqual([
      { classes: ['a', 'b'], images: 2, meanPixels: 2, shareOfSmaller: 8 / 12 },
    ]);
    expect(analysis.samples.map(({ brightness, contrast }) => [brightness, contrast])).toEqual([
      [100, 100],
      [100, 0],
      [100, 50],
      [15, 5],
    ]);
    expect(analysis.samples[2]!.areas).toEqual([12, 4]);
    expect(analysis.people).toEqual([...people, { id: 'cain' }]);
    const ages = analysis.distributions.find(({ measure }) => measure === 'age')!;
    expect(ages.groups.map(({ name, mean, count }) => [name, mean, count])).toEqual([
      ['female', 25, 1],
      ['male', 38, 1],
    ]);
    expect(analysis.distributions.map(({ measure }) => measure)).not.toContain('wristAngle');
  });

  test('names files that cannot be read and goes on without them', async () => {
    const dataset = tinyDataset(images);
    const broken = (what: string, where: string) =>
      Promise.reject(new PhalanxError('image/undecodable', { what, where }));
    const spoilt: Dataset = {
      ...dataset,
      readImage: (entry) => (entry.id === '1.png' ? broken('No image', '1.png') : dataset.readImage(entry)),
      readLabels: (entry) =>
        entry.id === '2.png' ? broken('No labels', '2.png.json') : dataset.readLabels(entry),
    };
    const analysis = await analyzeDataset(spoilt);
    expect(analysis.unreadable).toEqual([
      { file: '1.png', code: 'image/undecodable', what: 'No image' },
      { file: '2.png.json', code: 'image/undecodable', what: 'No labels' },
    ]);
    expect([analysis.samples.length, analysis.annotated]).toEqual([3, 2]);
    const folder = await temporaryFolder();
    await writeDatasetReport(join(folder, 'r.html'), spoilt, analysis);
    expect(await readFile(join(folder, 'r.html'), 'utf8')).toContain('Files that could not be read');
    const allBroken = { ...dataset, readImage: () => broken('No image', 'x') };
    await expect(analyzeDataset(allBroken)).rejects.toMatchObject({ code: 'image/undecodable' });
  });

  test('scores by the modified z-score, and a missing class only where nearly all have it', async () => {
    // Brightness 100 ± 10 in turn, median absolute deviation 10, and one of 180.
    const many = Array.from({ length: 21 }, (_, i): TinyImage => {
      const grey = i === 20 ? 180 : 90 + 10 * (i % 3);
      return { id: `${i}.png`, grey: [grey, grey], rows: [i === 7 ? 2 : 3, i < 10 ? 4 : 0, 0, 0] };
    });
    const { outliers } = await analyzeDataset(tinyDataset(many, ['a', 'b', 'sometimes']));
    expect(outliers.map(({ id, tags }) => [id, tags])).toEqual([
      ['7.png', ['auto-missing-class']],
      ['20.png', ['auto-bright']],
    ]);
    expect(outliers[0]!.reasons).toEqual([{ tag: 'auto-missing-class', text: 'no a', score: 10 }]);
    expect(outliers[1]!.score).toBeCloseTo((0.6745 * 80) / 10, 12);
    expect(outliers[1]!.reasons[0]!.text).toBe('brightness 180 where 100 is usual');
  });
});

test('statistics are those of NumPy', () => {
  expect([0, 0.25, 0.5, 0.9, 1].map((share) => quantile([1, 2, 4, 8], share))).toEqual([
    1,
    1.75,
    3,
    expect.closeTo(6.8, 12),
    8,
  ]);
  expect(binned([[0.1, 0.3, 0.3, NaN], [0.5]], 4)).toEqual({
    edges: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    counts: [
      [1, 0, 2, 0, 0],
      [0, 0, 0, 0, 1],
    ],
  });
  expect(trendOf([[0, 1], [1, 3], [2, 5]])).toEqual({ count: 3, correlation: 1, slope: 2 }); // prettier-ignore
  expect(trendOf([[0, 1], [0, 3], [0, 5]])).toBeUndefined(); // prettier-ignore
});

test('the same dataset gives the same bytes', async () => {
  const folder = await temporaryFolder();
  const dataset = tinyDataset(images, ['a', 'b'], people);
  for (const [name, concurrency] of [
    ['one', 1],
    ['two', 4],
  ] as const) {
    const analysis = await analyzeDataset(dataset, { concurrency });
    await writeDatasetReport(join(folder, `${name}.html`), dataset, analysis);
    await writeAnalysis(join(folder, `${name}.json`), analysis);
    await renewTags(
      join(folder, `${name}.tags`),
      analysis.outliers,
      images.map(({ id }) => id),
    );
  }
  for (const kind of ['html', 'json', 'tags']) {
    expect(await readFile(join(folder, `one.${kind}`))).toEqual(await readFile(join(folder, `two.${kind}`)));
  }
});

test('hostile names stay text, and long ones leave charts room', async () => {
  const script = '<script>alert(1)</script>';
  const breakout = `"'><img src=x onerror=alert(1)>\u202Etxt.png`;
  const classes = [script, `</svg><b>"'`, 'x'.repeat(5000)];
  const hostile: TinyImage[] = [
    ...Array.from({ length: 11 }, (_, i) => ({ id: `${i}.png`, person: script, rows: [1, 3, 7, 0] })),
    { id: breakout, person: '</title><script>', grey: [255, 255], rows: [0, 3, 6, 0] },
  ];
  const persons: Person[] = [{ id: script, sex: 'female', age: 30, remarks: '<svg onload=alert(1)>' }];
  const dataset = tinyDataset(hostile, classes, persons);
  const folder = await temporaryFolder();
  const path = join(folder, 'report.html');
  await writeDatasetReport(
    path,
    { ...dataset, root: script },
    await analyzeDataset({ ...dataset, root: script }),
  );
  const html = await readFile(path, 'utf8');
  expect(html).toContain('&#60;script&#62;alert(1)&#60;/script&#62;');
  expect(html).not.toMatch(/<script|<b>|<img src=x|<svg onload|\u202E/);
  // Every image is one of the report's own; every drawing ends where it should.
  expect([...html.matchAll(/<img src="(.{10})/g)].every(([, start]) => start === 'data:image')).toBe(true);
  expect(html.match(/<svg/g)!.length).toBe(html.match(/<\/svg>/g)!.length);
  for (const [, width] of html.matchAll(/<(?:svg|rect)[^>]* width="([^"]+)"/g)) {
    expect(Number(width)).toBeGreaterThan(0);
    expect(Number(width)).toBeLessThan(2000);
  }
});

test("tags are renewed, a person's own are kept, and experiments can read them", async () => {
  const path = join(await temporaryFolder(), 'tags.json');
  const own = { 'a.png': ['ring', 'auto-dark'], 'elsewhere.png': ['auto-dark'], 'b.png': ['auto-tilted'] };
  await writeFile(path, JSON.stringify({ version: 1, tags: own }));
  const outliers = [{ id: 'c"\n.png', person: 'p', score: 4, reasons: [], tags: ['auto-bright'] }];
  expect(await renewTags(path, outliers, ['a.png', 'b.png', 'c"\n.png'])).toBe(1);
  expect([...(await readTags(path))]).toEqual([
    ['a.png', ['ring']],
    ['c"\n.png', ['auto-bright']],
    ['elsewhere.png', ['auto-dark']],
  ]);
  const bytes = await readFile(path, 'utf8');
  await renewTags(path, outliers, ['a.png', 'b.png', 'c"\n.png']);
  expect(await readFile(path, 'utf8')).toBe(bytes);
  await writeFile(path, 'my notes');
  await expect(renewTags(path, outliers, [])).rejects.toMatchObject({ code: 'tags/malformed' });
  expect(await readFile(path, 'utf8')).toBe('my notes');
});
