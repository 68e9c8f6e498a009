import type { Random } from '../../../core/random.ts';
import type { Framing } from '../anatomy/framing.ts';
import { bounds, distance, mix } from '../anatomy/geometry.ts';
import type { Point } from '../anatomy/geometry.ts';
import type { HandSkeleton, ProjectedBone } from '../anatomy/hand.ts';
import type { OutlierKind } from '../options.ts';

/** Absorption of metal thick enough that next to nothing comes through. */
const metal = 2.6;

/** Absorption images of a hand, and what is needed to draw into one. */
interface Canvas {
  /** `[size, size]`, row-major. */
  readonly absorbed: Float32Array;
  readonly size: number;
  readonly framing: Framing;
}

/** Adds what does not belong to a hand: jewellery, decorated nails, metalwork of a surgeon. */
export function addForeignBodies(
  canvas: Canvas,
  skeleton: HandSkeleton,
  outliers: readonly OutlierKind[],
  random: Random,
): void {
  if (outliers.includes('ring')) addRing(canvas, skeleton, random.derive('ring'));
  if (outliers.includes('nail-art')) addNailArt(canvas, skeleton, random.derive('nails'));
  if (outliers.includes('implant')) addImplant(canvas, skeleton, random.derive('implant'));
}

function addRing(canvas: Canvas, { joints, scale }: HandSkeleton, random: Random): void {
  const finger = random.choice([1, 2, 3, 3, 3, 4]);
  const [knuckle, joint] = [joints[finger]![1]!, joints[finger]![2]!];
  const middle = mix(knuckle, joint, random.uniform(0.38, 0.56));
  const halfWidth = [0, 10.8, 11, 10.4, 9.2][finger]! * scale;
  const halfHeight = random.uniform(1.2, 2.4);
  const opening = random.uniform(0.4, 3);
  const stone = random.chance(0.35) ? random.uniform(1.8, 3.2) : 0;
  const axis = direction(knuckle, joint);
  stamp(canvas, middle, halfWidth + 4, ([x, y]) => {
    const along = x * axis[0] + y * axis[1];
    const across = x * axis[1] - y * axis[0];
    const inside = 1 - (across / halfWidth) ** 2;
    if (inside <= 0) return 0;
    const arc = opening * Math.sqrt(inside);
    const edge = Math.min(4, 1 / Math.sqrt(inside + 0.02));
    let sum = 0;
    for (const centre of [arc, -arc]) if (Math.abs(along - centre) < halfHeight) sum += 0.9 * edge;
    if (stone > 0 && along * along + (across - 2) ** 2 < stone * stone) sum += 1.2;
    return sum;
  });
}

function addNailArt(canvas: Canvas, { bones, scale }: HandSkeleton, random: Random): void {
  const polish = random.uniform(0.1, 0.22);
  const stones = random.integer(0, 4);
  for (const bone of bones.filter(({ kind }) => kind === 'distal')) {
    if (random.chance(0.12)) continue;
    const [base, tip] = bone.axis;
    const axis = direction(base, tip);
    const centre = mix(base, tip, 1.0);
    const [long, wide] = [
      7.5 * scale,
      (bone.name === 'finger-1' ? 6.4 : bone.name === 'finger-16' ? 4.4 : 5.4) * scale,
    ];
    const beads = Array.from({ length: stones }, () => ({
      along: random.uniform(-0.6, 0.6) * long,
      across: random.uniform(-0.6, 0.6) * wide,
      radius: random.uniform(0.4, 1.0),
    }));
    stamp(canvas, centre, long + 2, ([x, y]) => {
      const along = x * axis[0] + y * axis[1];
      const across = x * axis[1] - y * axis[0];
      const r4 = (along / long) ** 4 + (across / wide) ** 4;
      let sum = r4 < 1 ? polish * (1 + 0.8 * r4 * r4) : 0;
      for (const bead of beads)
        if ((along - bead.along) ** 2 + (across - bead.across) ** 2 < bead.radius ** 2) sum += 1.1;
      return sum;
    });
  }
}

function addImplant(canvas: Canvas, { bones, scale }: HandSkeleton, random: Random): void {
  const find = (name: ProjectedBone['name']): ProjectedBone => bones.find((bone) => bone.name === name)!;
  if (random.chance(0.5)) {
    const { axis } = find('Radius');
    const start = mix(axis[0], axis[1], 0.02);
    const end = mix(axis[0], axis[1], random.uniform(0.26, 0.34));
    addPlate(canvas, start, end, 4.6 * scale, random, { across: 13 * scale });
  } else {
    const { axis } = find(random.choice(['finger-7', 'finger-15', 'finger-19'] as const));
    addPlate(canvas, mix(axis[0], axis[1], 0.22), mix(axis[0], axis[1], 0.74), 2.6 * scale, random, {});
  }
  if (random.chance(0.4)) {
    const { outline } = find('Scaphoid');
    const [left, top, right, bottom] = bounds(outline);
    addScrew(
      canvas,
      [mix([left, 0], [right, 0], 0.3)[0], top + 0.2 * (bottom - top)],
      [mix([left, 0], [right, 0], 0.8)[0], top + 0.85 * (bottom - top)],
    );
  }
}

/** A plate with screw holes from `from` to `to`, with a cross-bar at its beginning when `across` is given. */
function addPlate(
  canvas: Canvas,
  from: Point,
  to: Point,
  halfWidth: number,
  random: Random,
  { across: bar = 0 }: { across?: number },
): void {
  const length = distance(from, to);
  const axis = direction(from, to);
  const holes = Math.max(3, Math.round(length / (halfWidth * 2.4)));
  const middle = mix(from, to, 0.5);
  stamp(canvas, middle, length / 2 + bar + 4, ([x, y]) => {
    const along = x * axis[0] + y * axis[1] + length / 2;
    const across = x * axis[1] - y * axis[0];
    const step = length / holes;
    const nearHole = Math.min(holes - 1, Math.max(0, Math.floor(along / step)));
    const hole2 = (along - (nearHole + 0.5) * step) ** 2 + across ** 2;
    if (hole2 < (0.36 * halfWidth) ** 2) return metal * 1.3;
    if (hole2 < (0.52 * halfWidth) ** 2) return 0.5;
    const waist = halfWidth * (0.82 + 0.18 * Math.cos((2 * Math.PI * (along - step / 2)) / step));
    const shaft = along > 0 && along < length && Math.abs(across) < waist;
    const head = bar > 0 && along > -1 && along < halfWidth * 1.7 && Math.abs(across) < bar * 0.75;
    return shaft || head ? metal * 0.55 : 0;
  });
  const tilt = random.uniform(-0.3, 0.3);
  for (const side of bar > 0 ? [-0.55, -0.2, 0.2, 0.55] : []) {
    const start: Point = [
      from[0] + axis[0] * halfWidth + axis[1] * bar * side,
      from[1] + axis[1] * halfWidth - axis[0] * bar * side,
    ];
    addScrew(canvas, start, [
      start[0] - axis[0] * 7 + axis[1] * 5 * (side + tilt),
      start[1] - axis[1] * 7 - axis[0] * 5 * (side + tilt),
    ]);
  }
}

function addScrew(canvas: Canvas, from: Point, to: Point): void {
  const length = distance(from, to);
  const axis = direction(from, to);
  stamp(canvas, mix(from, to, 0.5), length / 2 + 3, ([x, y]) => {
    const along = x * axis[0] + y * axis[1] + length / 2;
    const across = Math.abs(x * axis[1] - y * axis[0]);
    if (along < 0 || along > length) return 0;
    const thread = 1.05 + 0.25 * Math.cos(along * 6);
    return across < thread ? metal * Math.sqrt(1 - (across / (thread + 0.05)) ** 2) : 0;
  });
}

/** Adds `shade(offset from centre in millimetres)` to each pixel within `reach` millimetres of a point of the hand. */
function stamp(
  { absorbed, size, framing }: Canvas,
  centre: Point,
  reach: number,
  shade: (offset: Point) => number,
): void {
  const [cx, cy] = framing.toPixel(centre);
  const [ex, ey] = framing.toPixel([centre[0] + 1, centre[1]]);
  const [nx, ny] = framing.toPixel([centre[0], centre[1] + 1]);
  const scale2 = framing.pixelsPerMillimetre ** 2;
  const pixels = reach * framing.pixelsPerMillimetre;
  for (let y = Math.max(0, Math.floor(cy - pixels)); y <= Math.min(size - 1, cy + pixels); y++)
    for (let x = Math.max(0, Math.floor(cx - pixels)); x <= Math.min(size - 1, cx + pixels); x++) {
      const [dx, dy] = [x - cx, y - cy];
      const offset: Point = [
        (dx * (ex - cx) + dy * (ey - cy)) / scale2,
        (dx * (nx - cx) + dy * (ny - cy)) / scale2,
      ];
      absorbed[y * size + x]! += shade(offset);
    }
}

function direction(from: Point, to: Point): Point {
  const length = distance(from, to);
  return [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
}
