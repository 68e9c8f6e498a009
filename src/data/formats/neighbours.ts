import type { FoundImage } from './foundImages.ts';

/** Names as people count: slice 10 comes after slice 9. */
const counting = new Intl.Collator('en', { numeric: true });

/** For each image, by path, those `step` before and after it in its folder; an edge's image stands in for a missing one. */
export function neighboursOf(
  images: readonly FoundImage[],
  step: number,
): ReadonlyMap<string, readonly [before: string, after: string]> {
  const series = new Map<string, string[]>();
  for (const { path, splitFolder, folder } of images) {
    const key = JSON.stringify([splitFolder, folder]);
    const paths = series.get(key);
    if (paths === undefined) series.set(key, [path]);
    else paths.push(path);
  }
  const neighbours = new Map<string, readonly [string, string]>();
  for (const paths of series.values()) {
    paths.sort((a, b) => counting.compare(a, b));
    for (const [index, path] of paths.entries()) {
      const before = paths[Math.max(index - step, 0)]!;
      neighbours.set(path, [before, paths[Math.min(index + step, paths.length - 1)]!]);
    }
  }
  return neighbours;
}
