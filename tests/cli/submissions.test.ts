import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { SubmissionWriter } from '../../src/inference/submission/writer.ts';
import { dilateLabels } from '../../src/labels/morphology.ts';
import { encodeRle, rleDialects } from '../../src/labels/rle.ts';
import { phalanxHere, sentence } from './phalanx.ts';

let cwd: string;
let image: string;
const phalanx = (...args: string[]) => phalanxHere(['submission', ...args], cwd);

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'phalanx-submissions-'));
  const options = ['--people', '10', '--test', '1', '--size', '128', '--json'];
  expect((await phalanxHere(['data', 'phantom', 'data', ...options], cwd)).code).toBe(0);
  const dataset = await readHandBone(join(cwd, 'data'));
  image = dataset.entries.test[0]!.id;
  for (const [name, radius] of [
    ['truth', 0],
    ['grown', 3],
  ] as const) {
    await using writer = await SubmissionWriter.open(join(cwd, `${name}.csv`));
    for (const entry of dataset.entries.test) {
      const labels = await dilateLabels(await dataset.readLabels(entry), { shape: 'disk', radius });
      for (const [c, rle] of (await encodeRle(labels, rleDialects.handBone)).entries()) {
        await writer.write(entry.id, dataset.classes[c]!, rle);
      }
    }
    await writer.commit();
  }
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
});

describe('submission', () => {
  test('diff exits with 1 where masks differ', async () => {
    const same = await phalanx('diff', 'truth.csv', 'truth.csv');
    expect(same).toMatchObject({ code: 0, err: '' });
    expect(same.out).toContain('All 58 masks are the same.');
    const other = await phalanx('diff', 'truth.csv', 'grown.csv');
    expect(other.code).toBe(1);
    expect(other.out).toContain('58 of 58 masks differ');
    expect(other.err).toBe('');
  });

  test('check tells what changed and what overlaps', async () => {
    const more = ['--previous', 'truth.csv', '--overlaps', '--json'];
    const { code, out } = await phalanx('check', 'grown.csv', '--data', 'data', ...more);
    expect(code).toBe(0);
    const result = JSON.parse(out) as { changes: { changedRows: number }; overlaps: { found: unknown[] } };
    expect(result.changes.changedRows).toBe(58);
    expect(result.overlaps.found.length).toBeGreaterThan(0);
    const text = (await phalanx('check', 'truth.csv', '--data', 'data', '--overlaps')).out;
    expect(text).toContain('58 rows of 58 expected');
  });

  test('convert, merge and show write what they say, and never over a file unless asked', async () => {
    const there = ['convert', 'truth.csv', '--to', 'coco', '--data', 'data', '--out', 'coco.csv'];
    expect((await phalanx(...there)).code).toBe(0);
    const back = ['convert', 'coco.csv', '--from', 'coco', '--to', 'hand-bone', '--size', '128x128'];
    expect((await phalanx(...back, '--out', 'back.csv')).code).toBe(0);
    expect(await readFile(join(cwd, 'back.csv'))).toEqual(await readFile(join(cwd, 'truth.csv')));
    const merge = ['merge', 'truth.csv', '--take', 'Radius=grown.csv', '--out', 'merged.csv'];
    expect((await phalanx(...merge)).code).toBe(0);
    const diff = JSON.parse((await phalanx('diff', 'truth.csv', 'merged.csv', '--json')).out) as {
      worst: { className: string }[];
    };
    expect(new Set(diff.worst.map(({ className }) => className))).toEqual(new Set(['Radius']));
    const show = ['show', 'grown.csv', '--data', 'data', '--image', image, '--out', 'picture.png'];
    expect((await phalanx(...show, '--classes', 'Radius,Ulna')).code).toBe(0);
    const { width, height } = await sharp(join(cwd, 'picture.png')).metadata();
    expect(width).toBeGreaterThan(128);
    expect(height).toBe(128);
    for (const again of [there, [...back, '--out', 'back.csv'], merge, show]) {
      const refused = await phalanx(...again);
      expect(refused.code).toBe(1);
      expect(sentence(refused)).toContain('exists already');
    }
  });

  test('what cannot be is one sentence', async () => {
    await writeFile(join(cwd, 'broken.csv'), `image_name,class,rle\n${image},finger-1,1 2 3\n`);
    const wrong = [
      ['show', 'truth.csv', '--data', 'data', '--image', `${image}x`, '--out', 'p.png'],
      ['show', 'truth.csv', '--data', 'data', '--image', image, '--classes', 'Radus', '--out', 'p.png'],
      ['convert', 'truth.csv', '--to', 'coco', '--out', 'c.csv'],
      ['convert', 'truth.csv', '--to', 'coco', '--size', '0x128', '--out', 'c.csv'],
      ['convert', 'truth.csv', '--to', 'cocoo', '--out', 'c.csv'],
      ['merge', 'truth.csv', '--take', 'Radius', '--out', 'm.csv'],
      ['merge', 'truth.csv', '--take', 'Radus=grown.csv', '--out', 'm.csv'],
      ['diff', 'broken.csv', 'truth.csv'],
    ];
    for (const args of wrong) {
      const result = await phalanx(...args);
      expect(result.code, args.join(' ')).toBe(1);
      expect(sentence(result)).not.toBe('');
    }
  });
});
