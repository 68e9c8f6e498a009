import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { readSubmission } from '../../src/inference/submission/submission.ts';
import { voteSubmissions } from '../../src/inference/submission/vote.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';
import { maskOf, plainRle, submissionLines, syntheticDataset } from './syntheticDataset.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe('voteSubmissions', () => {
  it('joins submissions as masks would be', async () => {
    const datasets = await Promise.all(
      [1, 2, 3].map((seed) => syntheticDataset(join(folder, `data${seed}`), { seed })),
    );
    const submissions = await Promise.all(
      datasets.map((dataset, i) => write(join(folder, `${i}.csv`), submissionLines(dataset).join('\n'))),
    );
    const out = join(folder, 'vote.csv');
    const written = await voteSubmissions({ submissions, out });
    expect(written.rows).toBe(12);
    for await (const row of readSubmission(out)) {
      const c = datasets[0]!.classes.indexOf(row.className);
      const masks = datasets.map((dataset) => maskOf(dataset.labels.get(row.imageName)!, c));
      const joint = masks[0]!.map((_, i) => (masks[0]![i]! + masks[1]![i]! + masks[2]![i]! >= 2 ? 1 : 0));
      expect(row.rle).toBe(plainRle(joint));
    }
  });

  it('finds rows in any order', async () => {
    const [header, ...rows] = submissionLines(await syntheticDataset(join(folder, 'data')));
    const other = submissionLines(await syntheticDataset(join(folder, 'other'), { seed: 2 })).slice(1);
    const file = (name: string, lines: readonly string[]) =>
      write(join(folder, name), [header, ...lines].join('\n'));
    const a = await file('a.csv', rows);
    const b = [await file('b.csv', other), await file('c.csv', Random.from(4).shuffle(other))];
    const [inOrder, shuffled] = await Promise.all(
      b.map((path, i) =>
        voteSubmissions({ submissions: [a, path], weights: [1, 2], out: join(folder, `v${i}.csv`) }),
      ),
    );
    expect(shuffled!.sha256).toBe(inOrder!.sha256);
  });

  it('tells beside the result what it was made from, even where it replaces a voter', async () => {
    const lines = submissionLines(await syntheticDataset(join(folder, 'data')));
    const [a, b] = [join(folder, 'a.csv'), join(folder, 'b.csv')];
    await write(a, lines.join('\n'));
    await write(b, lines.with(1, 'image0.png,class-0,').join('\n'));
    const digest = async (path: string) =>
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
    const before = [await digest(a), await digest(b)];
    const written = await voteSubmissions({ submissions: [a, b], weights: [1, 2], share: 0.25, out: a });
    expect(await digest(a)).not.toBe(before[0]);
    expect(JSON.parse(await readFile(join(folder, 'a.manifest.json'), 'utf8'))).toMatchObject({
      version: 1,
      submission: { file: 'a.csv', sha256: await digest(a), rows: written.rows },
      vote: {
        share: 0.25,
        members: [
          { file: a, sha256: before[0], weight: 1 },
          { file: b, sha256: before[1], weight: 2 },
        ],
      },
    });
  });

  it.each([
    ['a repeated row', (lines: string[]) => lines.with(2, lines[3]!), 'submission/rows'],
    ['other rows', (lines: string[]) => lines.with(2, 'x.png,class-0,'), 'vote/rows-differ'],
    ['fewer rows', (lines: string[]) => lines.slice(0, -1), 'vote/rows-differ'],
    ['more rows', (lines: string[]) => [...lines, 'x.png,class-0,'], 'vote/rows-differ'],
    ['a malformed row', (lines: string[]) => lines.with(2, 'image0.png,class-1,1'), 'submission/malformed'],
  ])('refuses %s and writes nothing', async (_, change, code) => {
    const lines = submissionLines(await syntheticDataset(join(folder, 'data')));
    const submissions = [
      await write(join(folder, 'a.csv'), lines.join('\n')),
      await write(join(folder, 'b.csv'), change(lines).join('\n')),
    ];
    const out = join(folder, 'vote.csv');
    await expect(voteSubmissions({ submissions, out })).rejects.toMatchObject({ code });
    expect(await readdir(folder)).toEqual(['a.csv', 'b.csv', 'data']);
  });

  it.each([
    [{ submissions: ['a.csv'] }],
    [{ submissions: ['a.csv', 'b.csv'], weights: [1] }],
    [{ submissions: ['a.csv', 'b.csv'], weights: [1, 0] }],
    [{ submissions: ['a.csv', 'b.csv'], share: 1 }],
  ])('refuses %o', async (options) => {
    await expect(voteSubmissions({ ...options, out: join(folder, 'vote.csv') })).rejects.toMatchObject({
      code: 'vote/options',
    });
  });
});
