import { align, moved, scaleOf } from './alignment.ts';
import type { ClassPoints, Similarity } from './alignment.ts';
import type { LabelFacts } from './labelFacts.ts';
import { median, robustSpread } from './robust.ts';
import type { RobustSpread } from './robust.ts';

/**
 * Where the classes of a dataset lie with respect to each other, and how large they are. The pattern is as the
 * majority of images has it, in a frame of its own: its middle is the origin and its points are 1 from it in the
 * (quadratic) mean.
 */
export interface Arrangement {
  /** `[classes]`; NaN for a class that too few images have. */
  readonly pattern: ClassPoints;
  /** Standard deviation of each class's distance from its place, along one axis, `[classes]`. */
  readonly spreads: Float64Array;
  /** Logarithm of each class's area in squared units of the frame, `[classes]`. */
  readonly sizes: readonly RobustSpread[];
}

/** Fewest images that a pattern is learned from. */
export const fewestImages = 10;

const rounds = 4;
/** A class varies by at least this much, however alike the first images are. */
const leastSpread = 0.01;
const leastSizeSpread = 0.1;

/**
 * Learns the arrangement by a Procrustes analysis with medians (after J. C. Gower, "Generalized Procrustes analysis",
 * 1975): all images are laid onto one of them, their medians become the pattern, and again. Turned, shifted, scaled
 * and mirrored images (left and right hands) are alike to it.
 *
 * @returns undefined for fewer than ten images that have four classes in common with the pattern.
 */
export function learnArrangement(labels: readonly LabelFacts[]): Arrangement | undefined {
  const first = labels.reduce<LabelFacts | undefined>(
    (best, facts) => (best === undefined || present(facts) > present(best) ? facts : best),
    undefined,
  );
  if (first === undefined || labels.length < fewestImages) return undefined;
  const classes = first.areas.length;
  let pattern = normalized(first, first.areas);
  let spreads = new Float64Array(classes).fill(0.1);
  let sizes: RobustSpread[] = [];
  for (let round = 0; round < rounds; round++) {
    const aligned = labels.flatMap((facts) => {
      const alignment = align(facts, pattern, spreads);
      return alignment === undefined ? [] : [{ facts, similarity: alignment.similarity }];
    });
    if (aligned.length < fewestImages) return undefined;
    const places = Array.from({ length: classes }, (_, c) =>
      aligned
        .filter(({ facts }) => facts.areas[c]! > 0)
        .map(({ facts, similarity }) => ({
          at: moved(similarity, facts.x[c]!, facts.y[c]!),
          size: logSize(facts, c, similarity),
        })),
    );
    const usual = places.map((own) => (own.length >= fewestImages ? own : []));
    pattern = normalized(
      {
        x: usual.map((own) => median(own.map(({ at }) => at[0]))),
        y: usual.map((own) => median(own.map(({ at }) => at[1]))),
      },
      usual.map(({ length }) => length),
    );
    const centres = usual.map((own) => [
      median(own.map(({ at }) => at[0])),
      median(own.map(({ at }) => at[1])),
    ]);
    const unit = unitOf(usual.map((_, c) => ({ x: centres[c]![0]!, y: centres[c]![1]! })));
    spreads = Float64Array.from(usual, (own, c) => {
      const distances = own.map(({ at: [x, y] }) => Math.hypot(x - centres[c]![0]!, y - centres[c]![1]!));
      // The median distance of a two-dimensional normal distribution is 1.1774 standard deviations.
      return Math.max(leastSpread, median(distances) / 1.1774 / unit);
    });
    sizes = usual.map((own) => {
      const { middle, deviation } = robustSpread(own.map(({ size }) => size - 2 * Math.log(unit)));
      return { middle, deviation: Math.max(leastSizeSpread, deviation) };
    });
  }
  return { pattern, spreads, sizes };
}

/** Logarithm of a class's area as the pattern's frame measures it. */
export function logSize({ areas }: LabelFacts, classIndex: number, similarity: Similarity): number {
  return Math.log(areas[classIndex]!) + 2 * Math.log(scaleOf(similarity));
}

function present({ areas }: LabelFacts): number {
  return areas.reduce((count, area) => count + (area > 0 ? 1 : 0), 0);
}

/** Quadratic mean of the distances of points from their middle. */
function unitOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const usable = points.filter(({ x, y }) => !Number.isNaN(x + y));
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const [mx, my] = [mean(usable.map(({ x }) => x)), mean(usable.map(({ y }) => y))];
  return Math.sqrt(mean(usable.map(({ x, y }) => (x - mx) ** 2 + (y - my) ** 2))) || 1;
}

/** The points about their middle, in units of their extent. */
function normalized({ x, y }: ClassPoints, counts: ArrayLike<number>): ClassPoints {
  const points = Array.from(x, (value, c) =>
    counts[c]! > 0 ? { x: value, y: y[c]! } : { x: Number.NaN, y: Number.NaN },
  );
  const usable = points.filter((point) => !Number.isNaN(point.x + point.y));
  const unit = unitOf(points);
  const middle = (key: 'x' | 'y'): number =>
    usable.reduce((sum, point) => sum + point[key], 0) / Math.max(1, usable.length);
  const [mx, my] = [middle('x'), middle('y')];
  return {
    x: Float64Array.from(points, (point) => (point.x - mx) / unit),
    y: Float64Array.from(points, (point) => (point.y - my) / unit),
  };
}
