import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import phantom from '../../notebooks/phantom.ts';
import { defineNotebook } from '../../tools/notebooks/notebook.ts';
import { cellSources, renderNotebook, writeNotebook } from '../../tools/notebooks/render.ts';

const path = join(import.meta.dirname, '../../notebooks/phantom.ts');
let folder: string | undefined;

afterEach(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

describe('notebooks', () => {
  test('every notebook runs in this test', async () => {
    const names = (await readdir(join(import.meta.dirname, '../../notebooks'))).filter((name) =>
      name.endsWith('.ts'),
    );
    expect(names).toEqual(['phantom.ts']);
  });

  test('the phantom renders on a few people, with every cell shown', async () => {
    const { markdown, files } = await renderNotebook(path, phantom, { people: 4, test: 3, size: 128 });
    const cells = phantom.cells.filter((cell) => typeof cell !== 'string');
    expect(markdown.match(/^```ts$/gm)).toHaveLength(cells.length);
    expect(markdown.replaceAll(/^```ts$.*?^```$/gms, '')).not.toMatch(/NaN|undefined/);
    for (const file of files.keys()) expect(markdown).toContain(`(${file})`);
    expect([...files.keys()].map((file) => file.split('.').at(-1))).toEqual([
      'webp',
      'webp',
      'svg',
      'svg',
      'svg',
      'webp',
    ]);
    folder = await mkdtemp(join(tmpdir(), 'phalanx-notebooks-'));
    await writeNotebook(folder, 'phantom', { markdown, files });
    expect(await readFile(join(folder, 'phantom.md'), 'utf8')).toBe(markdown);
    expect(await readdir(join(folder, 'phantom'))).toHaveLength(files.size);
  });

  test('the rendering that is checked in is of these cells', async () => {
    const markdown = await readFile(join(import.meta.dirname, '../../notebooks/phantom.md'), 'utf8');
    for (const cell of phantom.cells) if (typeof cell === 'string') expect(markdown).toContain(cell.trim());
    const sources = cellSources(path, await readFile(path, 'utf8'));
    expect(sources).toHaveLength(phantom.cells.filter((cell) => typeof cell !== 'string').length);
    for (const source of sources) expect(markdown).toContain(source);
  });

  test('a failing cell fails the rendering and leaves no folder behind', async () => {
    let made = '';
    const broken = defineNotebook({
      title: 'Broken',
      parameters: {},
      prepare: (_, scratch) => Promise.resolve((made = scratch)),
      cells: [
        () => {
          throw new Error('no such bone');
        },
      ],
    });
    await expect(renderNotebook(path, broken)).rejects.toThrow('no such bone');
    await expect(readdir(made)).rejects.toThrow(/ENOENT/);
  });
});
