import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadDeclaration } from '../../src/experiment/loadFile.ts';

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'phalanx-load-')));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

test('finds a file by its name below experiments/, with the folder, with the extension, and by its path', async () => {
  await write('experiments/hand/a.ts', 'export default { seed: 3 };');
  const references = ['hand/a', 'hand/a.ts', 'experiments/hand/a', 'experiments/hand/a.ts'];
  for (const reference of [...references, join(root, 'experiments/hand/a.ts')]) {
    expect(await loadDeclaration(reference, root)).toEqual({
      name: 'hand/a',
      path: join(root, 'experiments/hand/a.ts'),
      declared: { seed: 3 },
    });
  }
});

test('a file outside experiments/ goes by its own name', async () => {
  await write('elsewhere/b.ts', 'export default { seed: 4 };');
  expect((await loadDeclaration('elsewhere/b.ts', root)).name).toBe('b');
});

test('a file that is missing is named with the places it was looked for', async () => {
  await expect(loadDeclaration('nope', root)).rejects.toMatchObject({
    code: 'experiment/missing',
    message: expect.stringContaining('nope.ts, experiments/nope.ts') as string,
  });
  await expect(loadDeclaration('', root)).rejects.toMatchObject({ code: 'experiment/missing' });
});

test.each([
  ['a syntax error', 'export default {{;', 'experiment/load'],
  ['an import of what does not exist', "import './none.ts'; export default {};", 'experiment/load'],
  ['an error while it runs', "throw new Error('inside the file'); export default {};", 'experiment/load'],
  ['no default export', 'export const seed = 1;', 'experiment/no-default-export'],
  ['nothing', '', 'experiment/no-default-export'],
  ['an undefined default export', 'export default undefined;', 'experiment/no-default-export'],
  ['a function', 'export default () => ({});', 'experiment/not-data'],
  ['a function inside', 'export default { data: { root: () => 1 } };', 'experiment/not-data'],
  ['an instance of a class', 'export default { seed: new Map() };', 'experiment/not-data'],
  ['a circle', 'const a = { b: {} }; a.b = a; export default a;', 'experiment/not-data'],
  ['a whole number beyond JSON', 'export default { seed: 5n };', 'experiment/not-data'],
  [
    'a getter that throws',
    "export default { get seed() { throw new Error('boo'); } };",
    'experiment/not-data',
  ],
])('%s is an error that names the file', async (_, text, code) => {
  await write('experiments/bad.ts', text);
  await expect(loadDeclaration('bad', root)).rejects.toMatchObject({
    code,
    message: expect.stringContaining('experiments/bad.ts') as string,
  });
});

test('null is data, and is left for validation to refuse', async () => {
  await write('experiments/null.ts', 'export default null;');
  expect((await loadDeclaration('null', root)).declared).toBeNull();
});

test('a folder with the name of a file is an error, not a crash', async () => {
  await mkdir(join(root, 'experiments/folder.ts'), { recursive: true });
  await expect(loadDeclaration('folder', root)).rejects.toMatchObject({ code: 'experiment/load' });
});
