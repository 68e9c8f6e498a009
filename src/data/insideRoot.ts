import { realpath } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { defectError } from './defect.ts';
import { outside } from './folderWalk.ts';

/**
 * Refuses a path that leads out of the dataset, by `..` or through a symbolic link; that nothing is there is for the
 * reader to say.
 *
 * @param root absolute, free of symbolic links.
 * @param where the file that names the path, where it is not the path itself.
 * @throws PhalanxError `dataset/outside-root`.
 */
export async function insideRoot(root: string, path: string, where = path): Promise<void> {
  const real = await realpath(path).catch(() => path);
  if (!real.startsWith(root + sep)) throw defectError(outside(where, relative(root, real)));
}
