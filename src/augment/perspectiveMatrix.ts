import type { PerspectiveMatrix } from '../pixels/warp.ts';

export type Point = readonly [x: number, y: number];
export type Quadrilateral = readonly [Point, Point, Point, Point];

export function mapPoint(m: PerspectiveMatrix, [x, y]: Point): Point {
  const w = m[6] * x + m[7] * y + m[8];
  return [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w];
}

/** The map that applies `second` to what `first` gives. */
export function perspectiveProduct(second: PerspectiveMatrix, first: PerspectiveMatrix): PerspectiveMatrix {
  const entry = (row: number, column: number): number =>
    second[3 * row]! * first[column]! +
    second[3 * row + 1]! * first[3 + column]! +
    second[3 * row + 2]! * first[6 + column]!;
  return Array.from({ length: 9 }, (_, i) => entry(Math.floor(i / 3), i % 3)) as unknown as PerspectiveMatrix;
}

/** By cofactors; zeros for a singular matrix. */
export function invertPerspective([a, b, c, d, e, f, g, h, i]: PerspectiveMatrix): PerspectiveMatrix {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const s = determinant === 0 ? 0 : 1 / determinant;
  return [
    (e * i - f * h) * s,
    (c * h - b * i) * s,
    (b * f - c * e) * s,
    (f * g - d * i) * s,
    (a * i - c * g) * s,
    (c * d - a * f) * s,
    (d * h - e * g) * s,
    (b * g - a * h) * s,
    (a * e - b * d) * s,
  ];
}

/** The projective map that takes four points to four others (`cv2.getPerspectiveTransform`). */
export function perspectiveBetween(from: Quadrilateral, to: Quadrilateral): PerspectiveMatrix {
  const rows: number[][] = [];
  for (let i = 0; i < 4; i++) {
    const [x, y] = from[i]!;
    const [u, v] = to[i]!;
    rows.push([x, y, 1, 0, 0, 0, -x * u, -y * u, u], [0, 0, 0, x, y, 1, -x * v, -y * v, v]);
  }
  return [...solve(rows), 1] as unknown as PerspectiveMatrix;
}

/** Solves linear equations, each with its right side last, by elimination with row pivots; zeros if they have none. */
function solve(rows: number[][]): number[] {
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const row = rows[column]!;
    if (Math.abs(row[column]!) < 1e-12) return new Array<number>(n).fill(0);
    for (let i = column + 1; i < n; i++) {
      const factor = rows[i]![column]! / row[column]!;
      for (let j = column; j <= n; j++) rows[i]![j]! -= factor * row[j]!;
    }
  }
  const solution = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    const row = rows[i]!;
    const known = solution.reduce((sum, value, j) => (j > i ? sum + row[j]! * value : sum), 0);
    solution[i] = (row[n]! - known) / row[i]!;
  }
  return solution;
}
