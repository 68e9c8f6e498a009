import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Hash of every file below a folder, hidden ones too, by its path. */
export async function folderContents(root: string): Promise<Record<string, string>> {
  const names = await readdir(root, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const hashes = files.map(async (path) => {
    const digest = createHash('sha256').update(await readFile(path));
    return [relative(root, path), digest.digest('hex')];
  });
  return Object.fromEntries((await Promise.all(hashes)).sort()) as Record<string, string>;
}
