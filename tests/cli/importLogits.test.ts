import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { json, phalanxHere, sentence, writeDeclaration } from './phalanx.ts';

const side = 16;
let cwd: string;
const phalanx = (...args: string[]) => phalanxHere(args, cwd);

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'phalanx-import-'));
  await writeFile(join(cwd, 'classes.txt'), 'upper\nlower\n');
});
afterAll(() => rm(cwd, { recursive: true }));

/** Logits `[2, side, side]`, as `numpy.save` writes them: `upper` is above a row, `lower` from it on. */
async function saveArrays(folder: string, border: number): Promise<void> {
  await mkdir(join(cwd, folder));
  const values = Float32Array.from({ length: 2 * side * side }, (_, i) => {
    const [c, row] = [Math.floor(i / side ** 2), Math.floor(i / side) % side];
    return row < border === (c === 0) ? 8 : -8;
  });
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (2, ${side}, ${side}), }`.padEnd(117);
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
  const bytes = Buffer.concat([start, Buffer.from(`${dict}\n`), Buffer.from(values.buffer)]);
  await writeFile(join(cwd, folder, 'image1.png.npy'), bytes);
}

test('models trained elsewhere are joined without any of our own', async () => {
  const size = ['--classes', 'classes.txt', '--size', `${side}x${side}`, '--json'];
  for (const [name, border] of [
    ['one', 4],
    ['two', 8],
    ['three', 8],
  ] as const) {
    await saveArrays(name, border);
    const imported = await phalanx('logits', 'import', name, '--out', `${name}-logits`, ...size);
    expect(json(imported)).toMatchObject({ images: 1, store: `${name}-logits` });
  }
  const members = ['one', 'two', 'three'].map((name) => ({ logits: `${name}-logits` }));
  await writeDeclaration(cwd, 'outer', { output: 'outer', combine: 'vote', members });
  expect((await phalanx('ensemble', 'outer')).code).toBe(0);
  const lines = (await readFile(join(cwd, 'submissions/outer.csv'), 'utf8')).trimEnd().split('\n');
  // Two of three say that the border is at the eighth row.
  expect(lines.slice(1)).toEqual([
    `image1.png,upper,1 ${8 * side}`,
    `image1.png,lower,${8 * side + 1} ${8 * side}`,
  ]);
  const doubled = members.map((member, index) => (index === 0 ? { ...member, weight: 3 } : member));
  await writeDeclaration(cwd, 'heavy', { output: 'heavy', members: doubled });
  expect((await phalanx('ensemble', 'heavy')).code).toBe(0);
  const heavy = await readFile(join(cwd, 'submissions/heavy.csv'), 'utf8');
  expect(heavy).toContain(`image1.png,upper,1 ${4 * side}\n`);
});

test('arrays of other classes are one sentence, and leave nothing', async () => {
  await saveArrays('four', 4);
  await writeFile(join(cwd, 'three.txt'), 'a\nb\nc\n');
  const args = ['--out', 'four-logits', '--classes', 'three.txt', '--size', '16x16'];
  const refused = sentence(await phalanx('logits', 'import', 'four', ...args));
  expect(refused).toContain('[3, height, width]');
  await expect(readFile(join(cwd, 'four-logits'))).rejects.toMatchObject({ code: 'ENOENT' });
});
