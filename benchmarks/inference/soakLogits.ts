import { Random } from '../../src/core/random.ts';
import { classes } from '../data/material.ts';

/** Side of the soak's logits. */
export const soakSize = 512;
/** How far around a bone its border is still felt, pixels. */
const margin = 12;
/** Logit deep inside; outside its negative. */
const sure = 8;

/** Name of an image. */
export function soakImage(index: number): string {
  return `image${String(index).padStart(3, '0')}.png`;
}

/** From one end to the other, in shares of the side, and half the width. */
interface Bone {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly radius: number;
}

/**
 * What one of several models says of an image: 29 bones about where those of a hand are, each a soft-edged capsule,
 * on a background that wavers slowly. Models agree but for a pixel or so.
 *
 * @returns `[512, 512, 29]`, the same for the same numbers.
 */
export function soakLogits(image: number, model: number): Float32Array {
  const own = Random.from('soak', image, model);
  const bones = handOf(Random.from('soak', image)).map((bone) => ({
    ...bone,
    x: bone.x + own.normal(0, 0.002),
    y: bone.y + own.normal(0, 0.002),
    radius: bone.radius + own.normal(0, 0.0005),
  }));
  const [acrossPhase, downPhase] = [own.uniform(0, 6), own.uniform(0, 6)];
  const waver = (phase: number) =>
    Float32Array.from({ length: soakSize }, (_, i) => 0.4 * Math.sin(i / 30 + phase));
  const [across, down] = [waver(acrossPhase), waver(downPhase)];
  const logits = new Float32Array(soakSize * soakSize * classes);
  for (let y = 0, at = 0; y < soakSize; y++) {
    for (let x = 0; x < soakSize; x++, at += classes) {
      logits.fill(across[x]! + down[y]! - sure, at, at + classes);
    }
  }
  for (const [c, bone] of bones.entries()) addBone(logits, c, bone);
  return logits;
}

function addBone(logits: Float32Array, c: number, bone: Bone): void {
  const [x0, y0, dx, dy, radius] = [bone.x, bone.y, bone.dx, bone.dy, bone.radius].map(
    (n) => n * soakSize,
  ) as [number, number, number, number, number];
  const reach = radius + margin;
  const range = (from: number, to: number): [number, number] => [
    Math.max(0, Math.floor(Math.min(from, to) - reach)),
    Math.min(soakSize - 1, Math.ceil(Math.max(from, to) + reach)),
  ];
  const [left, right] = range(x0, x0 + dx);
  const [top, bottom] = range(y0, y0 + dy);
  const length = dx * dx + dy * dy;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const along = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length));
      const inside = radius - Math.hypot(x - x0 - along * dx, y - y0 - along * dy);
      logits[(y * soakSize + x) * classes + c]! += sure * (1 + Math.tanh(inside / 4));
    }
  }
}

/** Thumb with three bones, four fingers with four, two rows of carpals, radius and ulna. */
function handOf(random: Random): Bone[] {
  const scale = random.uniform(0.9, 1.1);
  const bones: Bone[] = [];
  const add = (x: number, y: number, dx: number, dy: number, radius: number): void => {
    bones.push({
      x: x + random.normal(0, 0.004),
      y: y + random.normal(0, 0.004),
      dx,
      dy,
      radius: scale * radius,
    });
  };
  for (let bone = 0; bone < 3; bone++) add(0.2 + 0.05 * bone, 0.45 + 0.07 * bone, 0.04, 0.055, 0.014);
  for (let finger = 0; finger < 4; finger++) {
    const x = 0.37 + 0.1 * finger;
    for (let bone = 0; bone < 4; bone++) {
      add(
        x,
        0.12 + 0.035 * Math.abs(finger - 1) + 0.1 * bone,
        0.005,
        0.055 + 0.015 * bone,
        0.011 + 0.002 * bone,
      );
    }
  }
  for (let carpal = 0; carpal < 8; carpal++) {
    add(0.4 + 0.06 * (carpal % 4), carpal < 4 ? 0.66 : 0.71, 0.015, 0.012, 0.024);
  }
  add(0.44, 0.79, -0.01, 0.2, 0.045);
  add(0.58, 0.79, 0.01, 0.2, 0.03);
  return bones;
}
