import { PhalanxError } from '../../core/errors.ts';
import { readTags, writeTags } from '../../data/tags.ts';
import type { Tags } from '../../data/tags.ts';
import { tagPrefix } from './outliers.ts';
import type { Outlier } from './schema.ts';

/**
 * Writes the candidates' tags into a file of tags for experiments to refer to. Tags that begin with `auto-` are the
 * analysis's own and are renewed; all others are a person's and stay, as do those of images that are not analyzed.
 *
 * @param analyzed names of the images that were looked at.
 * @returns how many images have tags of the analysis now.
 * @throws PhalanxError `tags/…` for a file that is there and cannot be understood, which is then left as it is;
 *   `file/write`.
 */
export async function renewTags(
  path: string,
  outliers: readonly Outlier[],
  analyzed: Iterable<string>,
): Promise<number> {
  const tags = new Map(await existingTags(path));
  for (const id of analyzed) {
    const own = tags.get(id)?.filter((tag) => !tag.startsWith(tagPrefix));
    if (own !== undefined) tags.set(id, own);
  }
  for (const { id, tags: found } of outliers) tags.set(id, [...(tags.get(id) ?? []), ...found]);
  await writeTags(path, tags);
  return outliers.length;
}

async function existingTags(path: string): Promise<Tags> {
  try {
    return await readTags(path);
  } catch (thrown) {
    if (thrown instanceof PhalanxError && thrown.code === 'tags/missing') return new Map();
    throw thrown;
  }
}
