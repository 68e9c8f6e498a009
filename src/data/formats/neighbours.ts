import { stackOf } from './channels.ts';
import type { FoundImage } from './foundImages.ts';
import type { Layout } from './layoutOptions.ts';

/** Names as people count: slice 10 comes after slice 9. */
const counting = new Intl.Collator('en', { numeric: true });

/**
 * For each image, by path, the images of its folder that are stacked with it, and itself, in order; an edge's image
 * stands in for a missing one.
 */
export function neighboursOf(
  images: readonly FoundImage[],
  layout: Pick<Layout, 'neighbours' | 'step'>,
): ReadonlyMap<string, readonly string[]> {
  const series = new Map<string, string[]>();
  for (const { path, splitFolder, folder } of images) {
    const key = JSON.stringify([splitFolder, folder]);
    const paths = series.get(key);
    if (paths === undefined) series.set(key, [path]);
    else paths.push(path);
  }
  const neighbours = new Map<string, readonly string[]>();
  for (const paths of series.values()) {
    paths.sort((a, b) => counting.compare(a, b));
    for (const [index, path] of paths.entries()) {
      neighbours.set(
        path,
        stackOf(index, paths.length, layout).map((at) => paths[at]!),
      );
    }
  }
  return neighbours;
}
