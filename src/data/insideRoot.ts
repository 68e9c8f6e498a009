import { realpath } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { PhalanxError } from '../core/errors.ts';

/**
 * Refuses a path that leads out of the dataset, by `..` or through a symbolic link; that nothing is there is for the
 * reader to say.
 *
 * @param root absolute, free of symbolic links.
 * @throws PhalanxError `dataset/outside-root`.
 */
export async function insideRoot(root: string, path: string): Promise<void> {
  const real = await realpath(path).catch(() => path);
  if (real.startsWith(root + sep)) return;
  throw new PhalanxError('dataset/outside-root', {
    what: 'The path leads out of the dataset',
    where: path,
    expected: "a place inside the dataset's folder",
    received: relative(root, real),
    fix: 'Copy what it leads to into the dataset',
  });
}
