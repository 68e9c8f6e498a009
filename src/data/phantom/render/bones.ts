import type { Random } from '../../../core/random.ts';
import type { Framing } from '../anatomy/framing.ts';
import type { Point } from '../anatomy/geometry.ts';
import type { ProjectedBone } from '../anatomy/hand.ts';
import { distanceField } from './distanceField.ts';
import type { NoiseTile } from './texture.ts';

/** What an X-ray loses in a millimetre of compact bone, of dense spongy bone and of the marrow cavity. */
const absorption = { compact: 0.098, spongy: 0.04, marrow: 0.008 } as const;

/** Bones are a little flatter than they are broad, and none is deeper than this many millimetres. */
const flatness = 0.85;
const deepest = 17;

const bins = 64;

/** A bone's make-up along its axis, in `bins` steps. */
interface Structure {
  /** Half width, pixels. */
  readonly radius: Float32Array;
  /** Thickness of the compact wall, pixels. */
  readonly wall: Float32Array;
  /** Absorption of what the wall encloses, per millimetre. */
  readonly core: Float32Array;
}

/**
 * Adds a bone's absorption to the image: the ray crosses a tube's wall twice in the middle and lengthways at its
 * edge, so edges come out brighter without being drawn.
 *
 * @param absorbed - `[size, size]`, row-major.
 */
export function addBone(
  absorbed: Float32Array,
  size: number,
  bone: ProjectedBone,
  framing: Framing,
  density: number,
  tile: NoiseTile,
  random: Random,
): void {
  const outline = bone.outline.map(framing.toPixel);
  const field = distanceField(outline, size);
  if (field === undefined) return;
  const scale = framing.pixelsPerMillimetre;
  const [ax, ay] = framing.toPixel(bone.axis[0]);
  const [bx, by] = framing.toPixel(bone.axis[1]);
  const length = Math.sqrt((bx - ax) ** 2 + (by - ay) ** 2);
  const [ux, uy] = [(bx - ax) / length, (by - ay) / length];
  const structure = boneStructure(bone, outline, [ax, ay], [ux, uy], length, scale, field.depth);
  const [phaseX, phaseY] = [random.uniform(0, 256), random.uniform(0, 256)];
  const strength = density * (1 + random.normal(0, 0.03));
  const grain = 1 / scale;
  const grainAlong = bone.kind === 'carpal' ? 4 : 2;
  const { left, top, width, height, depth } = field;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const d = depth[y * width + x]!;
      if (d === 0) continue;
      const [rx, ry] = [left + x - ax, top + y - ay];
      const along = rx * ux + ry * uy;
      const across = rx * uy - ry * ux;
      const place = Math.min(bins - 1.001, Math.max(0, (along / length) * bins - 0.5));
      const bin = Math.floor(place);
      const share = place - bin;
      const radius = structure.radius[bin]! * (1 - share) + structure.radius[bin + 1]! * share;
      const wall = structure.wall[bin]! * (1 - share) + structure.wall[bin + 1]! * share;
      const outer = chord(d, radius);
      const inner = d > wall ? Math.min(outer, chord(d - wall, radius - wall)) : 0;
      // Plates and rods of spongy bone: thin bright ridges, most of them along the bone.
      const rods =
        0.8 - Math.abs(tile.at(across * grain * 4.6 + phaseX, along * grain * grainAlong + phaseY));
      const mesh = 0.8 - Math.abs(tile.at(along * grain * 2.9 + phaseY, across * grain * 3.3 + phaseX));
      const coarse = tile.at(across * grain * 0.7 + phaseY, along * grain * 0.5 + phaseX);
      const core = structure.core[bin]! * (1 - share) + structure.core[bin + 1]! * share;
      const texture = 1 + 0.095 * rods + 0.085 * mesh + 0.06 * coarse;
      const path = absorption.compact * (outer - inner) * (1 + 0.03 * mesh) + core * inner * texture;
      absorbed[(top + y) * size + left + x]! += (strength * flatness * path) / scale;
    }
}

function chord(depth: number, radius: number): number {
  if (depth >= radius) return 2 * radius;
  return 2 * Math.sqrt(depth * (2 * radius - depth));
}

function boneStructure(
  bone: ProjectedBone,
  outline: readonly Point[],
  [ax, ay]: Point,
  [ux, uy]: Point,
  length: number,
  scale: number,
  depth: Float32Array,
): Structure {
  const radius = new Float32Array(bins);
  const wall = new Float32Array(bins);
  const core = new Float32Array(bins);
  if (bone.kind === 'carpal') {
    const middle = depth.reduce((most, value) => Math.max(most, value), 0);
    radius.fill(bone.name === 'Pisiform' ? 0.62 * middle : middle);
    wall.fill(0.65 * scale);
    core.fill(absorption.spongy);
    return { radius, wall, core };
  }
  const widths = halfWidths(outline, [ax, ay], [ux, uy], length);
  for (let bin = 0; bin < bins; bin++) {
    const t = (bin + 0.5) / bins;
    const shaft = shaftness(bone.kind, t);
    radius[bin] = Math.min(widths[bin]!, (deepest / 2) * scale);
    const thick = bone.kind === 'forearm' ? 0.34 : bone.kind === 'distal' ? 0.3 : 0.42;
    wall[bin] = Math.min(0.8 * widths[bin]!, (1 - shaft) * 0.65 * scale + shaft * thick * widths[bin]!);
    core[bin] = absorption.spongy * (1 - shaft) + absorption.marrow * shaft;
  }
  return { radius, wall, core };
}

/** 0 in the spongy ends of a bone, 1 in the tube between them; `t` runs from the base to the head. */
function shaftness(kind: Exclude<ProjectedBone['kind'], 'carpal'>, t: number): number {
  if (kind === 'forearm') return smoothstep(0.06, 0.32, t);
  if (kind === 'distal') return smoothstep(0.1, 0.4, t) * smoothstep(0.9, 0.6, t);
  return smoothstep(0.1, 0.38, t) * smoothstep(0.95, 0.65, t);
}

/** Half the width across the axis in each bin, from the outline's own points; the round ends take their neighbour's. */
function halfWidths(
  outline: readonly Point[],
  [ax, ay]: Point,
  [ux, uy]: Point,
  length: number,
): Float32Array {
  const sums = new Float32Array(bins);
  const counts = new Float32Array(bins);
  for (const [x, y] of outline) {
    const t = ((x - ax) * ux + (y - ay) * uy) / length;
    if (t < 0.06 || t > 0.93) continue;
    const bin = Math.min(bins - 1, Math.floor(t * bins));
    sums[bin]! += Math.abs((x - ax) * uy - (y - ay) * ux);
    counts[bin]! += 1;
  }
  const widths = new Float32Array(bins);
  const measured = [...counts.keys()].filter((bin) => counts[bin]! > 0);
  for (let bin = 0; bin < bins; bin++) {
    const nearest = measured.reduce(
      (best, candidate) => (Math.abs(candidate - bin) < Math.abs(best - bin) ? candidate : best),
      measured[0] ?? 0,
    );
    widths[bin] = sums[nearest]! / Math.max(1, counts[nearest]!);
  }
  return widths.map((_, bin) => {
    const window = widths.subarray(Math.max(0, bin - 2), Math.min(bins, bin + 3));
    return window.reduce((sum, width) => sum + width, 0) / window.length;
  });
}

function smoothstep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}
