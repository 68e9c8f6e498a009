import type { Random } from '../../../core/random.ts';
import type { OutlierKind } from '../options.ts';
import { fingers } from './longBones.ts';

/** How a hand lies on the detector; all angles in degrees, towards the thumb where not said otherwise. */
export interface Pose {
  /** Of the hand against the forearm, towards the little finger (ulnar deviation). */
  readonly wristBend: number;
  /** Of the forearm from the vertical of the picture, seen with the thumb on the right. */
  readonly rotation: number;
  /** Added to each metacarpal's direction. */
  readonly metacarpals: readonly number[];
  /** Turn at each joint of each finger, from the knuckle on. */
  readonly joints: readonly (readonly number[])[];
  /** Tilt of each bone out of the picture's plane, from the metacarpal on. */
  readonly tilts: readonly (readonly number[])[];
}

const knuckles = [-13, 2, 0.5, -2, -6];

export function drawPose(outliers: readonly OutlierKind[], random: Random): Pose {
  const spread = random.uniform(0.2, 1.9);
  const bentFingers = new Set<number>();
  if (outliers.includes('bent-finger'))
    for (let i = random.integer(1, 4); i > 0; i--) bentFingers.add(random.integer(1, 5));
  const lying = outliers.includes('rotated')
    ? random.choice([-1, 1]) * random.uniform(25, 50)
    : random.normal(0, 3.5);
  const wristBend = outliers.includes('bent-wrist')
    ? random.chance(0.8)
      ? random.uniform(18, 34)
      : -random.uniform(14, 22)
    : random.normal(2, 4.5);
  return {
    wristBend,
    // Some hold the arm still and turn the hand, others keep the hand upright and turn the arm.
    rotation: lying + wristBend * random.uniform(0, 1),
    metacarpals: fingers.map((_, index) =>
      index === 0 ? random.normal(0, 6) : (spread - 1) * [0, 1, 0, -1, -2][index]! + random.normal(0, 0.8),
    ),
    joints: fingers.map((chain, index) =>
      chain.slice(1).map((_, joint) => {
        if (index === 0) return joint === 0 ? knuckles[0]! + random.normal(0, 6) : random.normal(-2, 6);
        if (joint === 0) return knuckles[index]! * spread + random.normal(0, 2);
        return [0, -1, 0, 0.8, 1.5][index]! + random.normal(0, 1.8);
      }),
    ),
    tilts: fingers.map((chain, index) =>
      chain.map((_, segment) => {
        if (segment === 0) return Math.abs(random.normal(index === 0 ? 14 : 6, 3));
        if (!bentFingers.has(index)) return Math.abs(random.normal(5, 5));
        return random.uniform(15, 28) + 14 * segment;
      }),
    ),
  };
}
