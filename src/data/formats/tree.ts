import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderWalk } from '../folderWalk.ts';
import type { Defect } from '../defect.ts';

/** Folders within folders that are followed. */
const maxDepth = 16;

/** A file of a dataset. */
export interface TreeFile {
  /** Absolute. */
  readonly path: string;
  /** Path below the root, with `/`. */
  readonly relative: string;
  /** Absolute path without extension. */
  readonly stem: string;
}

/** The files of a dataset that may hold images or labels. */
export interface Tree {
  /** Absolute, free of symbolic links. */
  readonly root: string;
  /** Sorted by path. */
  readonly files: readonly TreeFile[];
  readonly byStem: ReadonlyMap<string, readonly TreeFile[]>;
  /** What could not be listed, and whatever a format adds. */
  readonly defects: Defect[];
}

/**
 * Lists every file with one of these extensions below the root, and none outside it.
 *
 * @param extensions in lower case, of two that fit the longer one first.
 * @throws PhalanxError `dataset/missing`, `dataset/too-large`.
 */
export async function listTree(root: string, extensions: readonly string[]): Promise<Tree> {
  const walk = await FolderWalk.from(root);
  const files: TreeFile[] = [];
  const visited = new Set([walk.root]);
  const visit = async (folder: string, depth: number): Promise<void> => {
    const names = await walk.list(join(walk.root, folder));
    for (const name of names.files) {
      const extension = extensions.find((end) => name.toLowerCase().endsWith(end));
      if (extension === undefined || name.length === extension.length) continue;
      const path = join(walk.root, folder, name);
      files.push({ path, relative: `${folder}${name}`, stem: path.slice(0, -extension.length) });
    }
    for (const name of names.folders) {
      const path = join(walk.root, folder, name);
      const real = await realpath(path).catch(() => path);
      // A link may lead to a folder that is looked through anyway, or back up.
      if (visited.has(real)) continue;
      visited.add(real);
      if (depth >= maxDepth) walk.defects.push(tooDeep(path));
      else await visit(`${folder}${name}/`, depth + 1);
    }
  };
  await visit('', 0);
  files.sort((a, b) => Buffer.compare(Buffer.from(a.relative), Buffer.from(b.relative)));
  const byStem = new Map<string, TreeFile[]>();
  for (const file of files) {
    const alike = byStem.get(file.stem);
    if (alike === undefined) byStem.set(file.stem, [file]);
    else alike.push(file);
  }
  return { root: walk.root, files, byStem, defects: walk.defects };
}

const tooDeep = (file: string): Defect => ({
  severity: 'error',
  code: 'dataset/too-deep',
  file,
  what: 'The folder is too deep within the dataset to be looked through',
  expected: `at most ${maxDepth} folders within each other`,
});
