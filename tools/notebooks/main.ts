import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Notebook } from './notebook.ts';
import { renderNotebook, writeNotebook } from './render.ts';

// Renders every notebook, or those named as arguments: `npm run notebooks -- phantom`.
const folder = join(import.meta.dirname, '..', '..', 'notebooks');
const wanted = new Set(process.argv.slice(2));
const names = (await readdir(folder))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'))
  .filter((name) => wanted.size === 0 || wanted.has(name));
const unknown = [...wanted].filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no notebook ${unknown.join(', ')} in ${folder}.\n`);
  process.exitCode = 1;
}
for (const name of names) {
  const path = join(folder, `${name}.ts`);
  const module = (await import(pathToFileURL(path).href)) as { default: Notebook<object, unknown> };
  await writeNotebook(folder, name, await renderNotebook(path, module.default));
  process.stdout.write(`notebooks/${name}.md\n`);
}
