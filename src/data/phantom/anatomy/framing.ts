import type { Random } from '../../../core/random.ts';
import { bounds, radians, rotate } from './geometry.ts';
import type { Point } from './geometry.ts';
import type { HandSkeleton } from './hand.ts';

/** How the hand's frame is seen by the detector. */
export interface Framing {
  readonly pixelsPerMillimetre: number;
  /** From the hand's frame (millimetres, y up) to the image (pixels, y down). */
  readonly toPixel: (point: Point) => Point;
  /** What the collimator leaves open: `[left, top, right, bottom]` in pixels, inclusive. */
  readonly field: readonly [left: number, top: number, right: number, bottom: number];
}

/**
 * Places the hand so that all of it is inside the field and the forearm is cut by the field's lower edge. A left
 * hand, palm down, has its thumb on the right.
 *
 * @param turn - Counter-clockwise, degrees, before mirroring.
 */
export function frameHand(
  skeleton: HandSkeleton,
  side: 'left' | 'right',
  turn: number,
  size: number,
  random: Random,
): Framing {
  const mirror = side === 'left' ? 1 : -1;
  const turned = (point: Point): Point => {
    const [x, y] = rotate(point, radians(turn));
    return [mirror * x, -y];
  };
  const hand = skeleton.bones.filter(({ kind }) => kind !== 'forearm');
  const arm = (22 + random.uniform(26, 62)) * skeleton.scale;
  const cut = turned([skeleton.arm[0] * arm, skeleton.arm[1] * arm]);
  const box = bounds(hand.flatMap(({ outline }) => outline.map(turned)));
  const left = Math.min(box[0], cut[0] - 16) - random.uniform(10, 22);
  const right = Math.max(box[2], cut[0] + 16) + random.uniform(10, 22);
  const top = box[1] - random.uniform(9, 20);
  const bottom = Math.max(cut[1], box[3] + 12);
  const [width, height] = [right - left, bottom - top];
  const extent = Math.max(width, height, 205) * random.uniform(1.0, 1.05);
  const scale = size / extent;
  const [spareX, spareY] = [extent - width, extent - height];
  const originX = left - spareX * random.uniform(0.35, 0.65);
  // The arm always reaches the lower edge: spare height goes above the fingers.
  const originY = top - spareY;
  const shutter = (spare: number): number =>
    random.chance(0.45) ? Math.round(scale * spare * random.uniform(0.1, 0.9)) : 0;
  const below = random.chance(0.3) ? Math.round(size * random.uniform(0.005, 0.03)) : 0;
  return {
    pixelsPerMillimetre: scale,
    toPixel: (point) => {
      const [x, y] = turned(point);
      return [(x - originX) * scale, (y - originY) * scale];
    },
    field: [
      shutter(left - originX),
      shutter(spareY),
      size - 1 - shutter(originX + extent - right),
      size - 1 - below,
    ],
  };
}
