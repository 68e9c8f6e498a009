import { align, moved } from '../../data/check/alignment.ts';
import type { Similarity } from '../../data/check/alignment.ts';
import { learnArrangement } from '../../data/check/arrangement.ts';
import type { Arrangement } from '../../data/check/arrangement.ts';
import type { LabelFacts } from '../../data/check/labelFacts.ts';
import type { ClassPosition } from './schema.ts';
import { meanAndDeviation } from './statistics.ts';

/** A dataset's usual arrangement of classes, and how each of its images is laid onto it. */
export interface Alignments extends Arrangement {
  /** Undefined for images with fewer than four classes of the arrangement. */
  readonly similarities: ReadonlyMap<LabelFacts, Similarity>;
}

/** Undefined where there are too few images or classes in common; see `learnArrangement`. */
export function alignLabels(labels: readonly LabelFacts[]): Alignments | undefined {
  const arrangement = learnArrangement(labels);
  if (arrangement === undefined) return undefined;
  const similarities = new Map<LabelFacts, Similarity>();
  for (const facts of labels) {
    const alignment = align(facts, arrangement.pattern, arrangement.spreads);
    if (alignment !== undefined) similarities.set(facts, alignment.similarity);
  }
  return { ...arrangement, similarities };
}

/** Where a class lies in images, as shares of width and height from the upper left corner. */
export function positionInImage(
  labels: readonly LabelFacts[],
  classIndex: number,
): ClassPosition | undefined {
  return positionOf(
    labels
      .filter(({ areas }) => areas[classIndex]! > 0)
      .map(({ x, y, width, height }): [number, number] => [
        (x[classIndex]! + 0.5) / width,
        (y[classIndex]! + 0.5) / height,
      ]),
  );
}

/** Where a class lies in the frame of the arrangement. */
export function positionInArrangement(
  labels: readonly LabelFacts[],
  classIndex: number,
  { similarities }: Alignments,
): ClassPosition | undefined {
  return positionOf(
    labels.flatMap((facts) => {
      const similarity = similarities.get(facts);
      if (similarity === undefined || facts.areas[classIndex] === 0) return [];
      return [moved(similarity, facts.x[classIndex]!, facts.y[classIndex]!)];
    }),
  );
}

function positionOf(points: readonly (readonly [x: number, y: number])[]): ClassPosition | undefined {
  const x = meanAndDeviation(points.map((point) => point[0]));
  const y = meanAndDeviation(points.map((point) => point[1]));
  if (x === undefined || y === undefined) return undefined;
  const together = points.reduce((sum, point) => sum + (point[0] - x.mean) * (point[1] - y.mean), 0);
  const scale = x.deviation * y.deviation * Math.max(1, points.length - 1);
  return {
    count: points.length,
    x: x.mean,
    y: y.mean,
    deviationX: x.deviation,
    deviationY: y.deviation,
    correlation: scale === 0 ? 0 : Math.min(1, Math.max(-1, together / scale)),
  };
}
