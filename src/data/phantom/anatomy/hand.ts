import type { Random } from '../../../core/random.ts';
import { handBoneClasses } from '../../handBone/classes.ts';
import type { HandBoneClass } from '../../handBone/classes.ts';
import { closedCurve, mix, radians, rotate } from './geometry.ts';
import type { Point } from './geometry.ts';
import { fingers, longBoneOutline } from './longBones.ts';
import type { LongBoneKind } from './longBones.ts';
import type { Build } from './build.ts';
import type { Pose } from './pose.ts';
import { carpals, forearm, metacarpalAngles, metacarpalBases, proximalRow, wristCentre } from './wrist.ts';
import type { CarpalName, ForearmName } from './wrist.ts';

/** A bone as it is projected, in the hand's frame: millimetres, x to the thumb, y to the fingers. */
export interface ProjectedBone {
  readonly name: HandBoneClass;
  readonly kind: LongBoneKind | 'carpal' | 'forearm';
  /** Dense closed outline. */
  readonly outline: readonly Point[];
  /** Ends of the axis along which the bone's structure changes: base and head, or the wrist's end and the elbow's. */
  readonly axis: readonly [Point, Point];
}

export interface HandSkeleton {
  /** In the order of the competition's classes. */
  readonly bones: readonly ProjectedBone[];
  /** For each finger from the thumb: the base of the metacarpal, the joints, and the tip of the bone. */
  readonly joints: readonly (readonly Point[])[];
  /** Unit vector along the forearm, away from the hand. */
  readonly arm: Point;
  /** Size relative to an adult man of 175 cm. */
  readonly scale: number;
}

const outlineSpacing = 0.35;

/** Articulates a person's bones. `random` is the hand's own stream: the two hands of a person differ a little. */
export function articulate(build: Build, pose: Pose, random: Random): HandSkeleton {
  const bones = new Map<HandBoneClass, ProjectedBone>();
  const joints = fingers.map((_, index) => {
    const chain = articulateFinger(index, build, pose, random.derive('finger', index));
    chain.bones.forEach((bone) => bones.set(bone.name, bone));
    return chain.joints;
  });
  const scaled = ([x, y]: Point): Point => [x * build.scale * build.breadth, y * build.scale];
  const centre = scaled(wristCentre);
  for (const [name, controls] of Object.entries(carpals) as [CarpalName, readonly Point[]][]) {
    const bend = proximalRow.includes(name) ? pose.wristBend / 2 : 0;
    // The pisiform is a small bone in a tendon, and slides on the triquetrum as the wrist moves.
    const slide = name === 'Pisiform' ? random.derive('slide') : undefined;
    const [dx, dy] = [slide?.normal(0, 0.9) ?? 0, slide?.normal(0, 1.1) ?? 0];
    const shaped = varied(controls, build.carpals[name], random.derive(name))
      .map(([x, y]): Point => [x + dx, y + dy])
      .map(scaled);
    const outline = closedCurve(shaped, outlineSpacing).map((point) => rotate(point, -radians(bend), centre));
    const middle = centroid(outline);
    const axis = [middle, [middle[0], middle[1] + 10 * build.scale]] as const;
    bones.set(name, { name, kind: 'carpal', outline, axis });
  }
  const bend = -radians(pose.wristBend);
  for (const [name, controls] of Object.entries(forearm) as [ForearmName, readonly Point[]][]) {
    const shaped = varied(controls, build.carpals[name], random.derive(name)).map(scaled);
    const outline = closedCurve(shaped, outlineSpacing).map((point) => rotate(point, bend, centre));
    const x = name === 'Radius' ? 8 : -20;
    const ends = [scaled([x, -24]), scaled([x, -190])] as const;
    const axis = [rotate(ends[0], bend, centre), rotate(ends[1], bend, centre)] as const;
    bones.set(name, { name, kind: 'forearm', outline, axis });
  }
  return {
    bones: handBoneClasses.map((name) => bones.get(name)!),
    joints,
    arm: rotate([0, -1], bend),
    scale: build.scale,
  };
}

function articulateFinger(
  index: number,
  { scale, breadth, fingerLengths }: Build,
  pose: Pose,
  random: Random,
): { bones: ProjectedBone[]; joints: Point[] } {
  const chain = fingers[index]!;
  const first = index === 0 ? 1 : 4 * index;
  const [baseX, baseY] = metacarpalBases[index]!;
  const metacarpal = radians(metacarpalAngles[index]! + pose.metacarpals[index]!);
  let from: Point = [baseX * scale * breadth, baseY * scale];
  let direction = -metacarpal;
  const joints: Point[] = [from];
  const bones = chain.map((bone, segment): ProjectedBone => {
    if (segment > 0) direction -= radians(pose.joints[index]![segment - 1]!);
    const tilt = radians(pose.tilts[index]![segment]!);
    const size = {
      kind: bone.kind,
      length: bone.length * scale * fingerLengths[index]! * (1 + random.normal(0, 0.008)),
      base: bone.base * scale * breadth,
      waist: bone.waist * scale * breadth,
      head: bone.head * scale * breadth,
    };
    const controls = longBoneOutline(size, Math.cos(tilt), random.derive(segment));
    const start = from;
    const outline = closedCurve(controls, outlineSpacing).map(([x, y]): Point => {
      const [dx, dy] = rotate([x, y], direction);
      return [start[0] + dx, start[1] + dy];
    });
    const along = rotate([0, 1], direction);
    const reach = size.length * Math.cos(tilt);
    const gap = (segment === 0 ? 1.6 : 1.1) * scale * Math.cos(tilt);
    const head: Point = [start[0] + along[0] * reach, start[1] + along[1] * reach];
    from = [head[0] + along[0] * gap, head[1] + along[1] * gap];
    joints.push(segment === chain.length - 1 ? head : mix(head, from, 0.5));
    const number = first + chain.length - 1 - segment;
    return { name: `finger-${number}` as HandBoneClass, kind: bone.kind, outline, axis: [start, head] };
  });
  return { bones, joints };
}

/** Stretches a shape about its middle by the person's factors, and moves each control point a little. */
function varied(controls: readonly Point[], stretch: Point, random: Random): Point[] {
  const [cx, cy] = centroid(controls.slice(0, 14));
  return controls.map(([x, y]) => {
    // The shafts of the forearm leave the picture: far points keep their place.
    const near = y > -60 ? 1 : 0;
    const [jx, jy] = [random.normal(0, 0.25) * near, random.normal(0, 0.25) * near];
    return [cx + (x - cx) * (1 + (stretch[0] - 1)) + jx, y + near * (y - cy) * (stretch[1] - 1) + jy];
  });
}

function centroid(points: readonly Point[]): Point {
  const sum = points.reduce<Point>(([x, y], point) => [x + point[0], y + point[1]], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
