import type { LabelMap } from '../labelMap.ts';
import type { DirectedDistances, SurfaceDistances, SurfaceElements } from '../surfaceDistances.ts';
import { hasClass } from './pixels.ts';

interface Element {
  readonly x: number;
  readonly y: number;
  readonly weight: number;
}

/** The twin of `surfaceDistances`, comparing every element with every other; `native/pixels/surface.cc` names sources. */
export function surfaceDistancesPlain(
  predicted: LabelMap,
  target: LabelMap,
  { elements, spacing }: { elements: SurfaceElements; spacing: readonly [number, number] },
): SurfaceDistances[] {
  return Array.from({ length: predicted.classes }, (_, c) => {
    const outline = elements === 'contour' ? contour : edge;
    const [a, b] = [outline(predicted, c, spacing), outline(target, c, spacing)];
    return { predictedToTarget: between(a, b, spacing), targetToPredicted: between(b, a, spacing) };
  });
}

function contour(labels: LabelMap, c: number, [spacingX, spacingY]: readonly [number, number]): Element[] {
  const diagonal = 0.5 * Math.sqrt(spacingY * spacingY + spacingX * spacingX);
  const found: Element[] = [];
  for (let y = 0; y <= labels.height; y++) {
    for (let x = 0; x <= labels.width; x++) {
      const upper = [hasClass(labels, c, x - 1, y - 1), hasClass(labels, c, x, y - 1)];
      const lower = [hasClass(labels, c, x - 1, y), hasClass(labels, c, x, y)];
      const count = [...upper, ...lower].filter(Boolean).length;
      if (count === 0 || count === 4) continue;
      let weight = diagonal;
      if (count === 2) {
        if (upper[0] === upper[1]) weight = spacingX;
        else weight = upper[0] === lower[0] ? spacingY : 2 * diagonal;
      }
      found.push({ x, y, weight });
    }
  }
  return found;
}

function edge(labels: LabelMap, c: number): Element[] {
  const found: Element[] = [];
  for (let y = 0; y < labels.height; y++) {
    for (let x = 0; x < labels.width; x++) {
      if (!hasClass(labels, c, x, y)) continue;
      const neighbours = [
        [x - 1, y],
        [x + 1, y],
        [x, y - 1],
        [x, y + 1],
      ] as const;
      if (!neighbours.every(([nx, ny]) => hasClass(labels, c, nx, ny))) found.push({ x, y, weight: 1 });
    }
  }
  return found;
}

function between(
  from: readonly Element[],
  to: readonly Element[],
  [spacingX, spacingY]: readonly [number, number],
): DirectedDistances {
  const found = from.map(({ x, y, weight }) => {
    const squares = to.map((other) => ((x - other.x) * spacingX) ** 2 + ((y - other.y) * spacingY) ** 2);
    return [Math.sqrt(Math.min(...squares)), weight] as const;
  });
  const weights = new Map<number, number>();
  for (const [distance, weight] of found.sort((a, b) => compare(a[0], b[0]) || a[1] - b[1])) {
    weights.set(distance, (weights.get(distance) ?? 0) + weight);
  }
  return {
    distances: Float64Array.from(weights.keys()),
    weights: Float64Array.from(weights.values()),
  };
}

/** Also of two infinities. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
