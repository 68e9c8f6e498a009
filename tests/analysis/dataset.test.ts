import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyzeDataset } from '../../src/analysis/analyzeDataset.ts';
import type { DatasetAnalysis } from '../../src/analysis/dataset/schema.ts';
import { augmentationSheet } from '../../src/analysis/augmentationSheet.ts';
import { contactSheet } from '../../src/analysis/contactSheet.ts';
import { writeDatasetReport } from '../../src/analysis/report/dataset/writeDatasetReport.ts';
import { writeReport } from '../../src/analysis/report/writeReport.ts';
import { horizontalFlip } from '../../src/augment/transforms/horizontalFlip.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { readPhantomManifest } from '../../src/data/phantom/manifest.ts';
import { writePhantom } from '../../src/data/phantom/writePhantom.ts';
import { classAreas } from '../../src/labels/overlap.ts';
import { createImage } from '../../src/pixels/image.ts';

let folder: string;
let dataset: Dataset;
let analysis: DatasetAnalysis;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phalanx-analysis-'));
  const data = join(folder, 'data');
  const train = { brightness: 0.2, ring: 0.2 };
  await writePhantom(data, { people: 12, test: 1, size: 192, seed: 3, outliers: { train, test: {} } });
  dataset = await readHandBone(data);
  analysis = await analyzeDataset(dataset);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('analyzeDataset', () => {
  test('measures areas as the labels have them', async () => {
    const first = dataset.entries.train[0]!;
    const areas = await classAreas(await dataset.readLabels(first));
    expect(analysis.samples[0]!.id).toBe(first.id);
    expect([...analysis.samples[0]!.areas!]).toEqual([...areas]);
    const radius = analysis.classes.find(({ name }) => name === 'Radius')!;
    const all = analysis.samples.map((sample) => sample.areas![27]!);
    expect(radius.area.mean).toBeCloseTo(all.reduce((sum, area) => sum + area, 0) / all.length);
    expect(radius.area.count).toBe(24);
    expect(radius.absentFrom).toEqual([]);
    const { female, male } = radius.areaBySex;
    expect((female?.count ?? 0) + (male?.count ?? 0)).toBe(24);
  });

  test('knows the bones that lie on each other', () => {
    expect(analysis.overlaps[0]!.classes).toEqual(['Triquetrum', 'Pisiform']);
    expect(analysis.overlaps[0]!.shareOfSmaller).toBeGreaterThan(0.8);
    expect(analysis.overlaps.map(({ classes }) => classes.join())).not.toContain('finger-1,Radius');
  });

  test('lists every person with a remark, and ranks wrong exposures first', async () => {
    const { images } = (await readPhantomManifest(dataset.root))!;
    const remarked = images.filter(({ split, outliers }) => split === 'train' && outliers.length > 0);
    const listed = new Set(analysis.outliers.map(({ id }) => id));
    for (const { image } of remarked) expect(listed).toContain(image.split('/').at(-1));
    const dim = analysis.outliers.find(({ reasons }) =>
      reasons.some(({ text }) => text.startsWith('brightness')),
    )!;
    const source = images.find(({ image }) => image.endsWith(dim.id))!;
    expect(source.outliers).toContain('brightness');
  });

  test('reads only the asked split, and works without annotations', async () => {
    const { train } = dataset.entries;
    const bare: Dataset = {
      ...dataset,
      entries: { train: train.map(({ id, person, imagePath }) => ({ id, person, imagePath })), test: [] },
    };
    const described = await analyzeDataset(bare);
    expect(described.annotated).toBe(0);
    expect(described.samples).toHaveLength(24);
    await writeDatasetReport(join(folder, 'bare.html'), bare, described);
    expect((await analyzeDataset(dataset, { splits: ['test'] })).samples).toHaveLength(2);
  });

  test('stops when aborted', async () => {
    await expect(analyzeDataset(dataset, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });
});

describe('reports', () => {
  const complete = (html: string): void => {
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toMatch(/<\/html>\s*$/);
    expect(html.replaceAll(/base64,[\w+/=]+/g, '')).not.toMatch(/undefined|NaN/);
    // Nothing is loaded from elsewhere; namespaces are names, not addresses.
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|<link|url\(/);
  };

  test('the dataset report stands by itself and lists every class', async () => {
    const path = join(folder, 'dataset.html');
    await writeDatasetReport(path, dataset, analysis);
    const html = await readFile(path, 'utf8');
    complete(html);
    for (const name of dataset.classes) expect(html).toContain(`>${name}<`);
    const pictured = Math.min(24, analysis.outliers.length);
    expect(html.match(/data:image\/webp/g)).toHaveLength(1 + 2 * pictured);
    for (const { id } of analysis.outliers.slice(0, 24)) expect(html).toContain(`<h3>${id}</h3>`);
    expect(html.match(/<desc>/g)).toHaveLength(html.match(/<svg/g)!.length);
  });

  test('the job report shows members, ensemble, curves, samples and timings', async () => {
    const path = join(folder, 'report.html');
    const entry = dataset.entries.test[0]!;
    const [image, truth] = [await dataset.readImage(entry), await dataset.readLabels(entry)];
    const perClass = Object.fromEntries(dataset.classes.map((name, index) => [name, 0.9 + index / 1000]));
    await writeReport(path, {
      title: 'Demo <1>',
      figures: [{ label: 'Ensemble', value: '0.91' }],
      classes: dataset.classes,
      members: [{ name: 'unet', meanDice: 0.9, perClass, parameters: 14_300_000, seconds: 125 }],
      ensemble: { name: 'both', meanDice: 0.91, perClass },
      curves: [
        {
          name: 'unet',
          loss: [
            [1, 1.2],
            [2, 0.8],
          ],
          dice: [[2, 0.5]],
        },
      ],
      samples: [{ id: entry.id, image, truth, prediction: truth }],
      timings: [{ name: 'train', seconds: 125 }],
    });
    const html = await readFile(path, 'utf8');
    complete(html);
    for (const text of [
      'Demo &#60;1&#62;',
      '14.3 M',
      '2 min 05 s',
      'mean Dice 1.0000',
      '0.0 % missed',
      'finger-16',
    ])
      expect(html).toContain(text);
    expect(html.match(/data:image\/webp/g)).toHaveLength(3);
  });

  test('a report of a run that did nothing yet is still a page', async () => {
    const path = join(folder, 'empty.html');
    await writeReport(path, {
      title: 'Empty',
      figures: [],
      classes: [],
      members: [],
      curves: [],
      samples: [],
      timings: [],
    });
    complete(await readFile(path, 'utf8'));
  });
});

describe('contactSheet', () => {
  test('lays tiles out in rows and writes captions', async () => {
    const grey = createImage(40, 20, 1);
    grey.data.fill(200);
    const bare = await contactSheet([grey, grey, grey], { columns: 2, tile: 50 });
    expect([bare.width, bare.height, bare.channels]).toEqual([8 + 2 * 58, 8 + 2 * 58, 3]);
    // The middle of the first tile is the image, the last place is empty.
    const at = (x: number, y: number): number => bare.data[3 * (y * bare.width + x)]!;
    expect(at(33, 33)).toBe(200);
    expect(at(91, 91)).toBe(17);
    const captioned = await contactSheet([grey], { tile: 120, captions: ['image1_R'] });
    expect(captioned.height).toBe(8 + 120 + 26 + 8);
    const strip = captioned.data.subarray(3 * captioned.width * 130, 3 * captioned.width * 154);
    expect(Math.max(...strip)).toBeGreaterThan(200);
  });

  test('refuses a sheet that cannot be', async () => {
    await expect(contactSheet([])).rejects.toMatchObject({ code: 'analysis/contact-sheet' });
    await expect(contactSheet([createImage(1, 1, 1)], { tile: 30_000 })).rejects.toMatchObject({
      code: 'analysis/contact-sheet',
    });
  });
});

test('augmentationSheet shows each sample as it is, then transformed', async () => {
  const samples = await Promise.all(
    dataset.entries.train.slice(0, 2).map(async (entry) => ({
      image: await dataset.readImage(entry),
      labels: await dataset.readLabels(entry),
    })),
  );
  const sheet = await augmentationSheet(samples, horizontalFlip({ p: 1 }), { columns: 2, seed: 1 });
  expect([sheet.width, sheet.height]).toEqual([8 + 2 * 328, 8 + 2 * 328]);
  for (const top of [8, 336]) {
    // Each row's second picture mirrors the first, but for outlines and hatching, which lie on pixels.
    const difference = (other: (x: number) => number): number => {
      let sum = 0;
      for (let y = top; y < top + 320; y++) {
        const row = sheet.data.subarray(3 * y * sheet.width, 3 * (y + 1) * sheet.width);
        for (let x = 0; x < 320; x++) sum += Math.abs(row[3 * (8 + x)]! - row[3 * (336 + other(x))]!);
      }
      return sum;
    };
    expect(difference((x) => 319 - x)).toBeLessThan(difference((x) => x) / 4);
  }
  // Overlaid labels are in colour.
  expect(sheet.data.some((value, i) => i % 3 === 0 && value !== sheet.data[i + 1])).toBe(true);
});
