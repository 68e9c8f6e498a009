import type { Random } from '../../../core/random.ts';
import type { Point } from './geometry.ts';

export type LongBoneKind = 'distal' | 'middle' | 'proximal' | 'metacarpal';

/** Size of a long bone of the hand in an adult man of 175 cm, millimetres. */
export interface LongBoneSize {
  readonly kind: LongBoneKind;
  readonly length: number;
  /** Half widths of the base, the waist of the shaft, and the head (or tuft). */
  readonly base: number;
  readonly waist: number;
  readonly head: number;
}

const bone = (
  kind: LongBoneKind,
  length: number,
  base: number,
  waist: number,
  head: number,
): LongBoneSize => ({ kind, length, base, waist, head });

/**
 * The fingers from the thumb to the little finger, each from the metacarpal to the tip. Lengths near those that
 * Buryanov and Kotiuk (2010) measured on radiographs.
 */
export const fingers: readonly (readonly LongBoneSize[])[] = [
  [
    bone('metacarpal', 46, 8.0, 5.6, 7.6),
    bone('proximal', 32, 7.4, 4.6, 6.0),
    bone('distal', 22.5, 6.6, 3.5, 4.6),
  ],
  [
    bone('metacarpal', 67, 8.2, 4.4, 7.3),
    bone('proximal', 40, 7.3, 4.9, 5.5),
    bone('middle', 23.5, 6.2, 4.0, 4.8),
    bone('distal', 17.5, 5.3, 2.9, 4.2),
  ],
  [
    bone('metacarpal', 64.5, 7.3, 4.5, 7.3),
    bone('proximal', 44.5, 7.4, 5.1, 5.8),
    bone('middle', 28, 6.4, 4.3, 5.1),
    bone('distal', 18.5, 5.5, 3.0, 4.4),
  ],
  [
    bone('metacarpal', 57.5, 5.9, 3.8, 6.5),
    bone('proximal', 41.5, 6.9, 4.7, 5.4),
    bone('middle', 27, 6.0, 4.0, 4.8),
    bone('distal', 18.2, 5.3, 2.9, 4.3),
  ],
  [
    bone('metacarpal', 53, 6.4, 3.9, 6.0),
    bone('proximal', 33.5, 6.3, 4.0, 4.6),
    bone('middle', 19.5, 5.1, 3.3, 4.1),
    bone('distal', 16.3, 4.5, 2.4, 3.6),
  ],
];

/** One side of an outline, from the middle of the base to the middle of the head: `[position, base, waist, head]`. */
type Profile = readonly (readonly [position: number, base: number, waist: number, head: number])[];

// Position along the bone (0 base, 1 head) and the half width there as weights of the three half widths.
const profiles: Readonly<Record<LongBoneKind, Profile>> = {
  distal: [
    [0.035, 0, 0, 0],
    [0.03, 0.45, 0, 0],
    [0.0, 0.82, 0, 0],
    [0.05, 1, 0, 0],
    [0.13, 0.95, 0, 0],
    [0.24, 0.45, 0.5, 0],
    [0.4, 0.1, 0.95, 0],
    [0.58, 0, 1, 0],
    [0.7, 0, 0.55, 0.45],
    [0.78, 0, 0, 0.93],
    [0.85, 0, 0, 1],
    [0.92, 0, 0, 0.9],
    [0.975, 0, 0, 0.58],
    [1.0, 0, 0, 0],
  ],
  middle: [
    [0.02, 0, 0, 0],
    [0.045, 0.42, 0, 0],
    [0.0, 0.86, 0, 0],
    [0.045, 1, 0, 0],
    [0.13, 0.92, 0, 0],
    [0.27, 0.35, 0.65, 0],
    [0.46, 0.03, 0.98, 0],
    [0.66, 0, 1, 0],
    [0.8, 0, 0.4, 0.6],
    [0.88, 0, 0, 0.98],
    [0.94, 0, 0, 0.98],
    [0.99, 0, 0, 0.66],
    [0.985, 0, 0, 0.28],
    [0.97, 0, 0, 0],
  ],
  proximal: [
    [0.03, 0, 0, 0],
    [0.02, 0.45, 0, 0],
    [0.0, 0.83, 0, 0],
    [0.03, 1, 0, 0],
    [0.09, 0.97, 0, 0],
    [0.2, 0.52, 0.48, 0],
    [0.36, 0.12, 0.92, 0],
    [0.56, 0, 1, 0],
    [0.74, 0, 0.96, 0.06],
    [0.86, 0, 0.35, 0.65],
    [0.92, 0, 0, 1],
    [0.965, 0, 0, 0.95],
    [0.995, 0, 0, 0.6],
    [0.985, 0, 0, 0.25],
    [0.975, 0, 0, 0],
  ],
  metacarpal: [
    [0.02, 0, 0, 0],
    [0.005, 0.5, 0, 0],
    [0.0, 0.88, 0, 0],
    [0.04, 1, 0, 0],
    [0.1, 0.92, 0, 0],
    [0.2, 0.45, 0.55, 0],
    [0.36, 0.06, 0.96, 0],
    [0.52, 0, 1, 0],
    [0.68, 0, 0.85, 0.18],
    [0.79, 0, 0.35, 0.66],
    [0.86, 0, 0, 0.98],
    [0.905, 0, 0, 1],
    [0.95, 0, 0, 0.84],
    [0.985, 0, 0, 0.5],
    [1.0, 0, 0, 0],
  ],
};

/**
 * Control points of a bone's outline in its own frame, millimetres: x to the side, y from the middle of the base
 * (0) to the head. `foreshortening` is the cosine of the tilt out of the image plane, and shortens the shaft only:
 * the ends are round and look the same from every side.
 */
export function longBoneOutline(size: LongBoneSize, foreshortening: number, random: Random): Point[] {
  const bow = random.normal(0, 0.012) * size.length;
  const sides = [1, -1].map((side) => {
    const swell = [0, 1, 2].map(() => 1 + random.normal(0, 0.035)) as [number, number, number];
    return profiles[size.kind].map(([position, base, waist, head]): Point => {
      const half = base * size.base * swell[0] + waist * size.waist * swell[1] + head * size.head * swell[2];
      const inner = position > 0.03 && position < 0.97 ? random.normal(0, 0.018) : 0;
      return [
        side * half * (1 + inner) + bow * 4 * position * (1 - position),
        endStretch(position, size, foreshortening),
      ];
    });
  });
  const [right, left] = [sides[0]!, sides[1]!];
  return [...right, ...left.slice(1, -1).reverse()];
}

/** Where a position along the bone lands when the shaft is foreshortened but the ends keep their depth. */
function endStretch(position: number, { length, base, head }: LongBoneSize, foreshortening: number): number {
  const tilt = Math.sqrt(1 - foreshortening ** 2);
  const overhang = 0.55 * tilt * (position * (head + base) - base);
  return position * length * foreshortening + overhang;
}
