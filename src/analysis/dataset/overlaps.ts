import type { LabelFacts } from '../../data/check/labelFacts.ts';
import type { ClassOverlap } from './schema.ts';

export interface Overlaps {
  /** `[classes][classes]`: pixels of class `row` that class `column` has too, as a share of class `row`. */
  readonly matrix: number[][];
  /** Pairs that share pixels, the largest share of the smaller class first. */
  readonly pairs: ClassOverlap[];
}

/** How classes lie on each other, over all images together. */
export function overlapsOf(classes: readonly string[], labels: readonly LabelFacts[]): Overlaps {
  const size = classes.length;
  const shared = new Float64Array(size * size);
  const images = new Uint32Array(size * size);
  for (const { areas, overlaps } of labels) {
    areas.forEach((area, c) => (shared[c * (size + 1)]! += area));
    for (const {
      classes: [a, b],
      pixels,
    } of overlaps) {
      shared[a * size + b]! += pixels;
      shared[b * size + a]! += pixels;
      images[a * size + b]! += 1;
    }
  }
  const areaOf = (c: number): number => shared[c * (size + 1)]!;
  const pairs = classes
    .flatMap((first, a) =>
      classes.slice(a + 1).map((second, offset): ClassOverlap => {
        const b = a + 1 + offset;
        const pixels = shared[a * size + b]!;
        return {
          classes: [first, second],
          images: images[a * size + b]!,
          meanPixels: pixels / Math.max(1, labels.length),
          shareOfSmaller: pixels / Math.max(1, Math.min(areaOf(a), areaOf(b))),
        };
      }),
    )
    .filter((pair) => pair.images > 0)
    .sort((a, b) => b.shareOfSmaller - a.shareOfSmaller);
  return {
    matrix: classes.map((_, a) => classes.map((__, b) => shared[a * size + b]! / Math.max(1, areaOf(a)))),
    pairs,
  };
}
