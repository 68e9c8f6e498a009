/** Points of one image or of a pattern, one per class, `[classes]`; NaN where a class is missing. */
export interface ClassPoints {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** A movement of the plane that keeps shapes: turn, scale and shift, after mirroring left and right or not. */
export interface Similarity {
  readonly mirrored: boolean;
  /** Cosine and sine of the turn, times the scale. */
  readonly real: number;
  readonly imaginary: number;
  readonly shiftX: number;
  readonly shiftY: number;
}

export function moved(
  { mirrored, real, imaginary, shiftX, shiftY }: Similarity,
  x: number,
  y: number,
): [number, number] {
  const u = mirrored ? -x : x;
  return [real * u - imaginary * y + shiftX, imaginary * u + real * y + shiftY];
}

export function scaleOf({ real, imaginary }: Similarity): number {
  return Math.hypot(real, imaginary);
}

/** Fewest common points that determine an alignment well enough to judge others by it. */
const fewestPoints = 4;
const iterations = 12;

/** An alignment, and the weighted mean of its capped squared residuals. */
export interface Alignment {
  readonly similarity: Similarity;
  readonly cost: number;
}

/**
 * Lays points onto a pattern of them, mirrored if that fits better. Least squares with weights that fall with the
 * residual (iteratively, Cauchy's weight function), so that a few points in wrong places do not draw the others along.
 *
 * @param spreads how far each class usually is from its place in the pattern, `[classes]`, pattern units.
 * @returns undefined where fewer than four classes are common to both.
 */
export function align(
  points: ClassPoints,
  pattern: ClassPoints,
  spreads: ArrayLike<number>,
): Alignment | undefined {
  const common: number[] = [];
  for (let c = 0; c < pattern.x.length; c++) {
    if (!Number.isNaN(points.x[c]! + pattern.x[c]! + spreads[c]!)) common.push(c);
  }
  if (common.length < fewestPoints) return undefined;
  const [upright, mirrored] = [false, true].map((mirror) => fit(points, pattern, spreads, common, mirror));
  return mirrored!.cost < upright!.cost ? mirrored : upright;
}

function fit(
  points: ClassPoints,
  pattern: ClassPoints,
  spreads: ArrayLike<number>,
  common: readonly number[],
  mirrored: boolean,
): Alignment {
  let weights = common.map((c) => 1 / spreads[c]! ** 2);
  let similarity = solve(points, pattern, common, weights, mirrored);
  let cost = Infinity;
  for (let i = 0; i < iterations; i++) {
    const squares = common.map((c) => {
      const [x, y] = moved(similarity, points.x[c]!, points.y[c]!);
      return ((x - pattern.x[c]!) ** 2 + (y - pattern.y[c]!) ** 2) / spreads[c]! ** 2;
    });
    cost = squares.reduce((sum, square) => sum + Math.log1p(square), 0) / common.length;
    if (i === iterations - 1) break;
    weights = common.map((c, at) => 1 / (spreads[c]! ** 2 * (1 + squares[at]!)));
    similarity = solve(points, pattern, common, weights, mirrored);
  }
  return { similarity, cost };
}

/** The similarity with the least weighted squared distance, in closed form (complex regression). */
function solve(
  points: ClassPoints,
  pattern: ClassPoints,
  common: readonly number[],
  weights: readonly number[],
  mirrored: boolean,
): Similarity {
  let [total, px, py, qx, qy] = [0, 0, 0, 0, 0];
  const sign = mirrored ? -1 : 1;
  common.forEach((c, i) => {
    total += weights[i]!;
    px += weights[i]! * sign * points.x[c]!;
    py += weights[i]! * points.y[c]!;
    qx += weights[i]! * pattern.x[c]!;
    qy += weights[i]! * pattern.y[c]!;
  });
  [px, py, qx, qy] = [px / total, py / total, qx / total, qy / total];
  let [dot, cross, square] = [0, 0, 0];
  common.forEach((c, i) => {
    const [ux, uy] = [sign * points.x[c]! - px, points.y[c]! - py];
    const [vx, vy] = [pattern.x[c]! - qx, pattern.y[c]! - qy];
    dot += weights[i]! * (ux * vx + uy * vy);
    cross += weights[i]! * (ux * vy - uy * vx);
    square += weights[i]! * (ux * ux + uy * uy);
  });
  const [real, imaginary] = square === 0 ? [1, 0] : [dot / square, cross / square];
  return {
    mirrored,
    real,
    imaginary,
    shiftX: qx - (real * px - imaginary * py),
    shiftY: qy - (imaginary * px + real * py),
  };
}
