/** A point or vector; millimetres in the hand's frame, pixels in an image. */
export type Point = readonly [x: number, y: number];

/**
 * Points of the closed Catmull–Rom curve (centripetal, so without loops or cusps) through control points, about
 * `spacing` apart. Barry and Goldman's pyramid (1988).
 */
export function closedCurve(controls: readonly Point[], spacing: number): Point[] {
  const count = controls.length;
  const at = (index: number): Point => controls[(index + count) % count]!;
  const curve: Point[] = [];
  for (let i = 0; i < count; i++) {
    const [p0, p1, p2, p3] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    const steps = Math.max(1, Math.round(distance(p1, p2) / spacing));
    const t1 = Math.sqrt(distance(p0, p1)) + 1e-9;
    const t2 = t1 + Math.sqrt(distance(p1, p2)) + 1e-9;
    const t3 = t2 + Math.sqrt(distance(p2, p3)) + 1e-9;
    for (let step = 0; step < steps; step++) {
      const t = t1 + ((t2 - t1) * step) / steps;
      const a1 = mix(p0, p1, t / t1);
      const a2 = mix(p1, p2, (t - t1) / (t2 - t1));
      const a3 = mix(p2, p3, (t - t2) / (t3 - t2));
      const b1 = mix(a1, a2, t / t2);
      const b2 = mix(a2, a3, (t - t1) / (t3 - t1));
      curve.push(mix(b1, b2, (t - t1) / (t2 - t1)));
    }
  }
  return curve;
}

export function distance([ax, ay]: Point, [bx, by]: Point): number {
  return Math.sqrt((ax - bx) ** 2 + (ay - by) ** 2);
}

/** The point at `t` between `a` (0) and `b` (1). */
export function mix([ax, ay]: Point, [bx, by]: Point, t: number): Point {
  return [ax + (bx - ax) * t, ay + (by - ay) * t];
}

/** Rotates counter-clockwise (in a frame whose y axis points up) about a centre; radians. */
export function rotate([x, y]: Point, angle: number, [cx, cy]: Point = [0, 0]): Point {
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  return [cx + (x - cx) * cosine - (y - cy) * sine, cy + (x - cx) * sine + (y - cy) * cosine];
}

export function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

/** The axis-parallel box around points: `[left, top, right, bottom]`. */
export function bounds(points: Iterable<Point>): [number, number, number, number] {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right, bottom];
}

/** The part of a polygon inside a box (Sutherland and Hodgman 1974); empty when nothing is inside. */
export function clipToBox(
  polygon: readonly Point[],
  [left, top, right, bottom]: readonly [number, number, number, number],
): Point[] {
  const sides: readonly ((point: Point) => number)[] = [
    ([x]) => x - left,
    ([x]) => right - x,
    ([, y]) => y - top,
    ([, y]) => bottom - y,
  ];
  let points: readonly Point[] = polygon;
  for (const inside of sides) {
    const kept: Point[] = [];
    points.forEach((point, index) => {
      const previous = points.at(index - 1)!;
      const [a, b] = [inside(previous), inside(point)];
      if (a >= 0 !== b >= 0) kept.push(mix(previous, point, a / (a - b)));
      if (b >= 0) kept.push(point);
    });
    points = kept;
  }
  return [...points];
}
