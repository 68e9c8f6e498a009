import type { Random } from '../../../core/random.ts';
import type { Framing } from '../anatomy/framing.ts';
import { closedCurve, distance, mix } from '../anatomy/geometry.ts';
import type { Point } from '../anatomy/geometry.ts';
import type { HandSkeleton, ProjectedBone } from '../anatomy/hand.ts';
import { distanceField } from './distanceField.ts';

/** An unannotated shadow: bones that the competition does not ask for, and a ridge that stands towards the viewer. */
export interface MinorBone {
  /** Pixels. */
  readonly outline: readonly Point[];
  /** Greatest absorption. */
  readonly strength: number;
  /** True for a shadow that is bright at its rim only. */
  readonly hollow: boolean;
}

/** The sesamoids at the heads of the metacarpals and the hook of the hamate. */
export function minorBones({ bones, scale }: HandSkeleton, framing: Framing, random: Random): MinorBone[] {
  const find = (name: ProjectedBone['name']): ProjectedBone => bones.find((bone) => bone.name === name)!;
  const result: MinorBone[] = [];
  const oval = (centre: Point, along: Point, long: number, wide: number): Point[] => {
    const controls = Array.from({ length: 8 }, (_, i): Point => {
      const [c, s] = [Math.cos((i * Math.PI) / 4), Math.sin((i * Math.PI) / 4)];
      const [a, b] = [c * long * (1 + random.normal(0, 0.06)), s * wide * (1 + random.normal(0, 0.06))];
      return [centre[0] + along[0] * a - along[1] * b, centre[1] + along[1] * a + along[0] * b];
    });
    return closedCurve(controls, 0.3).map(framing.toPixel);
  };
  const sesamoid = (name: ProjectedBone['name'], across: number, size: number): void => {
    const [base, head] = find(name).axis;
    const length = distance(base, head);
    const axis: Point = [(head[0] - base[0]) / length, (head[1] - base[1]) / length];
    const [x, y] = mix(base, head, 1 - (3.4 * scale) / length);
    const centre: Point = [x - axis[1] * across * scale, y + axis[0] * across * scale];
    result.push({
      outline: oval(centre, axis, size * scale, size * 0.76 * scale),
      strength: 0.26,
      hollow: false,
    });
  };
  sesamoid('finger-3', 4.6 + random.normal(0, 0.5), 2.7 + random.normal(0, 0.2));
  sesamoid('finger-3', -3.6 + random.normal(0, 0.5), 2.5 + random.normal(0, 0.2));
  if (random.chance(0.4)) sesamoid('finger-7', 4.4, 1.6);
  if (random.chance(0.6)) sesamoid('finger-19', -3.6, 1.5);
  const hamate = find('Hamate').outline;
  const middle: Point = [
    hamate.reduce((sum, [x]) => sum + x, 0) / hamate.length - 0.5 * scale,
    hamate.reduce((sum, [, y]) => sum + y, 0) / hamate.length + 2 * scale,
  ];
  result.push({ outline: oval(middle, [0.25, 0.97], 4.2 * scale, 2.8 * scale), strength: 0.2, hollow: true });
  return result;
}

/**
 * Adds a shadow to an absorption image.
 *
 * @param absorbed - `[size, size]`, row-major.
 */
export function addMinorBone(
  absorbed: Float32Array,
  size: number,
  { outline, strength, hollow }: MinorBone,
): void {
  const field = distanceField(outline, size);
  if (field === undefined) return;
  const { left, top, width, height, depth } = field;
  const deepest = depth.reduce((most, value) => Math.max(most, value), 1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const d = depth[y * width + x]! / deepest;
      if (d === 0) continue;
      const profile = hollow ? 3.2 * d * Math.exp(-6 * d * d) : Math.sqrt(d * (2 - d));
      absorbed[(top + y) * size + left + x]! += strength * profile;
    }
}
