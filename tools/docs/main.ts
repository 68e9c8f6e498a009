import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pages } from './pages.ts';
import { root } from './program.ts';

for (const { path, render } of pages) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), await render());
}
