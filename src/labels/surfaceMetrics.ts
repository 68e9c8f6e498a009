import type { DirectedDistances, SurfaceDistances } from './surfaceDistances.ts';

/*
 * Definitions: surface-distance 0.1 (S. Nikolov et al., "Deep learning to achieve clinically applicable segmentation of
 * head and neck anatomy for radiotherapy", 2018) and MONAI 1.6. Where a class is in neither mask, nothing can be measured
 * and the result is NaN, as in MONAI; where it is in one only, distances are infinite and the surface Dice is 0.
 */

/**
 * The distance within which `percent` of each outline lies from the other, the larger of the two directions: 100 is the
 * Hausdorff distance, 95 the usual robust one.
 *
 * @param percent 0 to 100, of the outline's length (`contour`, as surface-distance's `compute_robust_hausdorff`).
 */
export function hausdorffDistance(distances: SurfaceDistances, percent = 100): number {
  return larger(distances, (directed) => quantile(directed, percent / 100));
}

/**
 * As `hausdorffDistance`, of distances between `pixels`, interpolated between the two at either side of the percentile as
 * NumPy does: MONAI's `compute_hausdorff_distance`.
 *
 * @param percent 0 to 100.
 */
export function interpolatedHausdorffDistance(distances: SurfaceDistances, percent: number): number {
  return larger(distances, (directed) => percentile(directed, percent));
}

/**
 * The mean distance from each outline to the other, `[predicted to target, target to predicted]`: surface-distance's
 * `compute_average_surface_distance` (which gives the truth's first). NaN for an outline without elements.
 */
export function averageSurfaceDistances(
  distances: SurfaceDistances,
): readonly [predictedToTarget: number, targetToPredicted: number] {
  const { predictedToTarget, targetToPredicted } = distances;
  return [mean([predictedToTarget]), mean([targetToPredicted])];
}

/** The mean distance over both outlines together: MONAI's `compute_average_surface_distance(symmetric=True)`. */
export function averageSymmetricSurfaceDistance(distances: SurfaceDistances): number {
  return mean([distances.predictedToTarget, distances.targetToPredicted]);
}

/**
 * The share of both outlines that lies within `tolerance` of the other, 0 to 1: surface-distance's
 * `compute_surface_dice_at_tolerance`, and with `pixels` MONAI's `compute_surface_dice`.
 *
 * @param tolerance At least 0, in the unit of the spacing.
 */
export function normalizedSurfaceDice(distances: SurfaceDistances, tolerance: number): number {
  let [within, all] = [0, 0];
  for (const { distances: found, weights } of [distances.predictedToTarget, distances.targetToPredicted]) {
    for (let i = 0; i < weights.length; i++) {
      all += weights[i]!;
      if (found[i]! <= tolerance) within += weights[i]!;
    }
  }
  return within / all;
}

/** NaN when neither direction has elements; a direction without any says nothing when the other has some. */
function larger(
  { predictedToTarget, targetToPredicted }: SurfaceDistances,
  measure: (directed: DirectedDistances) => number,
): number {
  const measured = [predictedToTarget, targetToPredicted]
    .filter(({ distances }) => distances.length > 0)
    .map(measure);
  return measured.length === 0 ? NaN : Math.max(...measured);
}

/** The first distance up to which the weights add up to at least `share` of all. */
function quantile({ distances, weights }: DirectedDistances, share: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]!;
    if (sum / total >= share) return distances[i]!;
  }
  return distances.at(-1)!;
}

/** NumPy's `percentile` of distances that occur `weights` times. */
function percentile({ distances, weights }: DirectedDistances, percent: number): number {
  const count = weights.reduce((sum, weight) => sum + weight, 0);
  const position = (percent / 100) * (count - 1);
  const low = Math.floor(position);
  const at = (index: number) => {
    let i = 0;
    for (let rest = index; i < weights.length - 1 && rest >= weights[i]!; i++) rest -= weights[i]!;
    return distances[i]!;
  };
  const [a, b] = [at(low), at(low + 1)];
  return a === b ? a : a + (b - a) * (position - low);
}

function mean(parts: readonly DirectedDistances[]): number {
  let [sum, total] = [0, 0];
  for (const { distances, weights } of parts) {
    for (let i = 0; i < weights.length; i++) {
      sum += weights[i]! * distances[i]!;
      total += weights[i]!;
    }
  }
  return sum / total;
}
