import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { convertSubmission } from '../../src/inference/submission/convert.ts';
import { diffSubmissions } from '../../src/inference/submission/diff.ts';
import { dialectOf, submissionDialectNames } from '../../src/inference/submission/dialects.ts';
import { mergeSubmissions } from '../../src/inference/submission/merge.ts';
import { unusualOverlaps } from '../../src/inference/submission/overlaps.ts';
import { readSubmission } from '../../src/inference/submission/submission.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';
import { maskOf, rectangles, submissionLines, syntheticDataset } from './syntheticDataset.ts';
import type { SyntheticDataset } from './syntheticDataset.ts';

let folder: string;
let first: SyntheticDataset;
let second: SyntheticDataset;
let [a, b] = ['', ''];
beforeEach(async () => {
  folder = await temporaryFolder();
  first = await syntheticDataset(join(folder, 'first'));
  second = await syntheticDataset(join(folder, 'second'), { seed: 2 });
  a = await write(join(folder, 'a.csv'), `${submissionLines(first).join('\n')}\n`);
  const [header, ...rows] = submissionLines(second);
  b = await write(join(folder, 'b.csv'), `${[header, ...Random.from(3).shuffle(rows)].join('\n')}\n`);
});

/** Pixels of one mask in each of the two, counted one by one. */
function counts(image: string, c: number): { onlyA: number; onlyB: number; both: number } {
  const [p, q] = [first, second].map(({ labels }) => maskOf(labels.get(image)!, c)) as [
    Uint8Array,
    Uint8Array,
  ];
  const result = { onlyA: 0, onlyB: 0, both: 0 };
  for (const [i, inside] of p.entries()) {
    if (inside === 1) result[q[i] === 1 ? 'both' : 'onlyA']++;
    else if (q[i] === 1) result.onlyB++;
  }
  return result;
}

describe('diffSubmissions', () => {
  it('counts as masks would be, whatever the order of rows', async () => {
    const diff = await diffSubmissions(a, b);
    expect(diff).toMatchObject({ rows: 12, same: false, onlyInA: { rows: 0 }, onlyInB: { rows: 0 } });
    for (const [c, name] of first.classes.entries()) {
      const each = first.entries.test.map(({ id }) => counts(id, c));
      const sum = (key: 'onlyA' | 'onlyB' | 'both') => each.reduce((total, one) => total + one[key], 0);
      const expected = { onlyA: sum('onlyA'), onlyB: sum('onlyB'), both: sum('both') };
      expect(diff.perClass[name]).toMatchObject(expected);
      const { onlyA, onlyB, both } = expected;
      expect(diff.perClass[name]!.dice).toBeCloseTo((2 * both) / (2 * both + onlyA + onlyB), 12);
    }
    const [worst] = diff.worst;
    expect(worst).toMatchObject(counts(worst!.image, first.classes.indexOf(worst!.className)));
    expect((await diffSubmissions(a, a)).same).toBe(true);
  });

  it('tells of rows that only one has', async () => {
    const lines = submissionLines(first);
    const short = await write(join(folder, 'short.csv'), lines.slice(0, -2).join('\n'));
    expect(await diffSubmissions(short, a)).toMatchObject({ same: false, rows: 10, onlyInB: { rows: 2 } });
    expect(await diffSubmissions(a, short)).toMatchObject({ onlyInA: { rows: 2 }, changedRows: 0 });
  });
});

describe('mergeSubmissions', () => {
  it('takes the classes that are named, and keeps the order of the rest', async () => {
    const out = join(folder, 'out.csv');
    await mergeSubmissions({ base: a, take: { 'class-2': b }, out });
    const [header, ...rows] = submissionLines(first);
    const other = submissionLines(second).slice(1);
    const expected = rows.map((row, i) => (row.includes('class-2') ? other[i] : row));
    expect(await readFile(out, 'utf8')).toBe(`${[header, ...expected].join('\n')}\n`);
  });

  it('writes nothing where a class or a row is not there', async () => {
    const out = join(folder, 'out.csv');
    const wrong = { 'clas-2': b };
    await expect(mergeSubmissions({ base: a, take: wrong, out })).rejects.toMatchObject({
      code: 'merge/class',
    });
    const short = await write(join(folder, 'short.csv'), submissionLines(second).slice(0, 3).join('\n'));
    const lacking = mergeSubmissions({ base: a, take: { 'class-2': short }, out });
    await expect(lacking).rejects.toMatchObject({ code: 'merge/rows-differ' });
    await expect(readFile(out)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('convertSubmission', () => {
  const sizeOf = () => ({ width: 40, height: 30 });

  it.each(submissionDialectNames)('gives the same bytes there and back: %s', async (name) => {
    const to = dialectOf(name);
    const [there, back] = [join(folder, 'there.csv'), join(folder, 'back.csv')];
    const one = to.columns.length === 2;
    const [header, ...rows] = submissionLines(first);
    const lines = one ? rows.filter((row) => row.includes('class-1')) : rows;
    const source = await write(join(folder, 'source.csv'), `${[header, ...lines].join('\n')}\n`);
    await convertSubmission(source, { from: dialectOf(), to, out: there, sizeOf });
    await convertSubmission(there, { from: to, to: dialectOf(), out: back, sizeOf, className: 'class-1' });
    expect(await readFile(back, 'utf8')).toBe(await readFile(source, 'utf8'));
    if (name === 'coco-plain') {
      for await (const row of readSubmission(there, to)) {
        const total = row.rle.split(/\D+/).reduce((sum, count) => sum + Number(count), 0);
        expect(total).toBe(1200);
      }
    }
  });

  it('needs sizes to count along the other axis', async () => {
    const options = { from: dialectOf(), to: dialectOf('uw-madison'), out: join(folder, 'o.csv') };
    const turned = convertSubmission(a, { ...options, to: dialectOf('coco') });
    await expect(turned).rejects.toMatchObject({ code: 'submission/size-unknown' });
  });
});

describe('unusualOverlaps', () => {
  it('tells of classes that share pixels in no training image', async () => {
    // In training the classes lie in columns of their own; the submission's rectangles lie anywhere.
    const apart = rectangles(40, 30, 4, Random.from(1));
    for (let i = 0; i < 1200; i++) apart.planes[0]![i] = 1 << Math.floor((i % 40) / 10);
    const train = Array.from({ length: 10 }, (_, i) => ({
      id: `train${i}.png`,
      person: 'p',
      imagePath: '',
      annotationPath: `${i}.json`,
    }));
    const dataset = {
      ...first,
      entries: { train, test: first.entries.test },
      readLabels: () => Promise.resolve(apart),
    };
    const { found, learnedFrom } = await unusualOverlaps(a, dataset);
    expect(learnedFrom).toBe(10);
    expect(found.length).toBeGreaterThan(3);
    for (const { image, classes, pixels } of found) {
      const [p, q] = classes.map((name) => maskOf(first.labels.get(image)!, first.classes.indexOf(name)));
      expect(pixels).toBe(p!.reduce((sum, inside, i) => sum + inside * q![i]!, 0));
    }
    const few = await unusualOverlaps(a, { ...dataset, entries: { train: train.slice(1), test: [] } });
    expect(few).toEqual({ learnedFrom: 9, found: [] });
  });
});
