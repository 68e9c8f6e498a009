type Vector = readonly number[];

export interface NelderMeadOptions {
  /** `[N + 1][N]`. */
  readonly simplex: readonly Vector[];
  /** Most evaluations; the last shrinking may be cut short. */
  readonly evaluations: number;
  /** Stops once the simplex is at most this wide and its costs differ by at most `costTolerance`. Default 1e-4. */
  readonly tolerance?: number;
  /** Default 1e-4. */
  readonly costTolerance?: number;
}

export interface Minimum {
  readonly at: Vector;
  readonly cost: number;
  readonly evaluations: number;
}

/**
 * Nelder and Mead's simplex search with dimension-dependent coefficients (Gao and Han 2012), as SciPy's
 * `minimize(method='Nelder-Mead', options={'adaptive': True})`, to the bit where costs are equal.
 */
export async function nelderMead(
  cost: (at: Vector) => Promise<number>,
  { simplex, evaluations, tolerance = 1e-4, costTolerance = 1e-4 }: NelderMeadOptions,
): Promise<Minimum> {
  const n = simplex[0]!.length;
  const [chi, psi, shrink] = [1 + 2 / n, 0.75 - 1 / (2 * n), 1 - 1 / n];
  let used = 0;
  const evaluate = async (at: Vector): Promise<Point> => {
    used++;
    return { at, cost: await cost(at) };
  };
  let points: Point[] = [];
  for (const at of simplex) if (used < evaluations) points.push(await evaluate(at));
  points = sorted(points);
  while (used < evaluations) {
    const [best, worst] = [points[0]!, points[n]!];
    const width = Math.max(
      ...points.slice(1).flatMap(({ at }) => at.map((x, i) => Math.abs(x - best.at[i]!))),
    );
    const spread = Math.max(...points.slice(1).map((point) => Math.abs(best.cost - point.cost)));
    if (width <= tolerance && spread <= costTolerance) break;
    const centre = best.at.map((_, i) => points.slice(0, n).reduce((sum, { at }) => sum + at[i]!, 0) / n);
    /** The worst point mirrored at the centre, `factor` times as far from it. */
    const opposite = (factor: number): number[] =>
      centre.map((x, i) => (1 + factor) * x - factor * worst.at[i]!);
    const reflected = await evaluate(opposite(1));
    let replacement: Point | undefined = reflected;
    if (used < evaluations) {
      if (reflected.cost < best.cost) {
        const expanded = await evaluate(opposite(chi));
        if (expanded.cost < reflected.cost) replacement = expanded;
      } else if (reflected.cost >= points[n - 1]!.cost) {
        const outside = reflected.cost < worst.cost;
        const contracted = await evaluate(opposite(outside ? psi : -psi));
        const better = outside ? contracted.cost <= reflected.cost : contracted.cost < worst.cost;
        replacement = better ? contracted : undefined;
      }
    } else if (reflected.cost >= worst.cost) break;
    if (replacement !== undefined) points[n] = replacement;
    else {
      for (let j = 1; j <= n && used < evaluations; j++) {
        const { at } = points[j]!;
        points[j] = await evaluate(best.at.map((x, i) => x + shrink * (at[i]! - x)));
      }
    }
    points = sorted(points);
  }
  return { ...points[0]!, evaluations: used };
}

interface Point {
  readonly at: Vector;
  readonly cost: number;
}

function sorted(points: readonly Point[]): Point[] {
  return [...points].sort((a, b) => a.cost - b.cost);
}
