import type { Framing } from '../anatomy/framing.ts';
import { distance, mix } from '../anatomy/geometry.ts';
import type { Point } from '../anatomy/geometry.ts';
import type { HandSkeleton } from '../anatomy/hand.ts';

/** A tapering piece of flesh between two points; millimetres. */
interface Limb {
  readonly from: Point;
  readonly to: Point;
  readonly halfWidth: readonly [number, number];
  /** Half of the thickness along the ray. */
  readonly halfDepth: readonly [number, number];
}

/**
 * Thickness of soft tissue along each ray, millimetres, `[size, size]` row-major. Limbs are joined by a smooth
 * maximum of their squared thickness, which is smooth across the skin, so it is computed on a coarse grid.
 */
export function softTissue(
  skeleton: HandSkeleton,
  flesh: number,
  framing: Framing,
  size: number,
): Float32Array {
  const step = Math.max(1, Math.round(size / 512));
  const side = Math.ceil(size / step) + 2;
  const squared = new Float32Array(side * side).fill(-1e4);
  for (const limb of limbs(skeleton, flesh)) addLimb(squared, side, step, limb, framing);
  const thickness = new Float32Array(size * size);
  for (let y = 0; y < size; y++) {
    const [gy, ty] = [Math.floor(y / step), (y % step) / step];
    for (let x = 0; x < size; x++) {
      const [gx, tx] = [Math.floor(x / step), (x % step) / step];
      const i = gy * side + gx;
      const upper = squared[i]! * (1 - tx) + squared[i + 1]! * tx;
      const lower = squared[i + side]! * (1 - tx) + squared[i + side + 1]! * tx;
      const value = upper * (1 - ty) + lower * ty;
      if (value > 0) thickness[y * size + x] = Math.sqrt(value);
    }
  }
  return thickness;
}

function addLimb(squared: Float32Array, side: number, step: number, limb: Limb, framing: Framing): void {
  const scale = framing.pixelsPerMillimetre / step;
  const cell = (point: Point): Point => {
    const [x, y] = framing.toPixel(point);
    return [x / step, y / step];
  };
  const [ax, ay] = cell(limb.from);
  const [bx, by] = cell(limb.to);
  const reach = Math.max(...limb.halfWidth) * scale * 1.8;
  const [dx, dy] = [bx - ax, by - ay];
  const length2 = dx * dx + dy * dy || 1;
  const bottom = Math.min(side - 1, Math.ceil(Math.max(ay, by) + reach));
  const right = Math.min(side - 1, Math.ceil(Math.max(ax, bx) + reach));
  for (let y = Math.max(0, Math.floor(Math.min(ay, by) - reach)); y <= bottom; y++)
    for (let x = Math.max(0, Math.floor(Math.min(ax, bx) - reach)); x <= right; x++) {
      const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length2));
      const off2 = (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2;
      const halfWidth = (limb.halfWidth[0] + t * (limb.halfWidth[1] - limb.halfWidth[0])) * scale;
      const halfDepth = limb.halfDepth[0] + t * (limb.halfDepth[1] - limb.halfDepth[0]);
      const value = 4 * halfDepth * halfDepth * (1 - off2 / (halfWidth * halfWidth));
      const i = y * side + x;
      squared[i] = smoothMax(squared[i]!, value, 90);
    }
}

/** Quilez's polynomial smooth maximum. */
function smoothMax(a: number, b: number, blend: number): number {
  const overlap = Math.max(0, blend - Math.abs(a - b)) / blend;
  return Math.max(a, b) + (overlap * overlap * blend) / 4;
}

/** Half widths of the fingers at the knuckle, the joints and the tip; millimetres in an adult man of 175 cm. */
const fingerWidths: readonly (readonly number[])[] = [
  [14, 11, 10.3, 8.3],
  [12.5, 10.2, 9.1, 7.5],
  [12.5, 10.4, 9.3, 7.7],
  [12, 9.8, 8.8, 7.3],
  [10.5, 8.6, 7.7, 6.3],
];

function limbs({ joints, arm, scale }: HandSkeleton, flesh: number): Limb[] {
  const size = scale * flesh;
  const result: Limb[] = [];
  joints.forEach((chain, finger) => {
    const widths = fingerWidths[finger]!;
    const segments = chain.slice(1);
    segments.slice(0, -1).forEach((from, segment) => {
      const last = segment === segments.length - 2;
      const tip = segments[segment + 1]!;
      // The pad of the fingertip reaches beyond the bone.
      const to = last
        ? mix(from, tip, 1 - (0.75 * widths[segment + 1]! * size - 4 * scale) / distance(from, tip))
        : tip;
      const [w0, w1] = [widths[segment]! * size, widths[segment + 1]! * size];
      result.push({ from, to, halfWidth: [w0, w1], halfDepth: [w0 * 0.82, w1 * 0.78] });
    });
    const thumb = finger === 0;
    result.push({
      from: mix(chain[0]!, [0, 0], thumb ? 0.45 : 0),
      to: segments[0]!,
      halfWidth: [(thumb ? 17 : 15.5) * size, (thumb ? 14 : 12.5) * size],
      halfDepth: [(thumb ? 17 : 16) * size, (thumb ? 12.5 : 11.5) * size],
    });
  });
  const along = (x: number, y: number): Point => {
    const [ax, ay] = arm;
    return [(-ay * x - ax * y) * scale, (ax * x - ay * y) * scale];
  };
  const limb = (
    from: Point,
    to: Point,
    halfWidth: readonly [number, number],
    halfDepth: readonly [number, number],
  ): Limb => ({
    from,
    to,
    halfWidth: [halfWidth[0] * size, halfWidth[1] * size],
    halfDepth: [halfDepth[0] * size, halfDepth[1] * size],
  });
  for (const [hand, wrist, elbow] of [
    [12, 9, 6],
    [-10, -12, -15],
  ] as const)
    result.push(
      limb([hand * scale, 12 * scale], along(wrist, -30), [19, 20], [17, 18]),
      limb(along(wrist, -30), along(elbow, -190), [20, 34], [18, 30]),
    );
  return result;
}
