import { describe, expect, it } from 'vitest';
import { copyPaste } from '../../src/augment/mixing/copyPaste.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';
import { boundingBoxes } from '../../src/labels/boxes.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { classPose } from '../../src/labels/pose.ts';

const side = 96;

/** An ellipse of one class, half axes along and across a direction. */
interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly long: number;
  readonly short: number;
  /** Degrees, clockwise as seen. */
  readonly angle: number;
  readonly value: number;
}

/** A picture of ellipses, the i-th of class i, on an even background. */
function pictureOf(background: number, ellipses: readonly (Ellipse | undefined)[]): Sample {
  const labels = createLabelMap(side, side, ellipses.length);
  const data = new Uint8Array(side * side).fill(background);
  for (const [c, ellipse] of ellipses.entries()) {
    if (ellipse === undefined) continue;
    const angle = (ellipse.angle * Math.PI) / 180;
    for (let i = 0; i < side * side; i++) {
      const [dx, dy] = [(i % side) - ellipse.x, Math.floor(i / side) - ellipse.y];
      const along = dx * Math.cos(angle) + dy * Math.sin(angle);
      const across = dy * Math.cos(angle) - dx * Math.sin(angle);
      if ((along / ellipse.long) ** 2 + (across / ellipse.short) ** 2 > 1) continue;
      labels.planes[0]![i]! |= 1 << c;
      data[i] = ellipse.value;
    }
  }
  return { image: { width: side, height: side, channels: 1, data }, labels };
}

const options = { classes: [1, 1] as const, matchBrightness: false, blend: 0 };

async function poseOf({ labels }: Sample, classIndex: number) {
  const boxes = await boundingBoxes(labels);
  return classPose(labels, classIndex, boxes[classIndex]!)!;
}

describe('the pose of a class', () => {
  it.each([0, 30, 60, 89, -45])('is that of an ellipse at %d°', async (angle) => {
    const sample = pictureOf(0, [{ x: 40.3, y: 51.8, long: 24, short: 8, angle, value: 9 }]);
    const pose = await poseOf(sample, 0);
    expect(pose.x).toBeCloseTo(40.3, 0);
    expect(pose.y).toBeCloseTo(51.8, 0);
    expect(Math.abs(pose.angle * (180 / Math.PI) - angle)).toBeLessThan(1);
    expect(pose.elongation).toBeCloseTo(3, 0);
    expect(Math.abs(pose.area / (Math.PI * 24 * 8) - 1)).toBeLessThan(0.02);
  });

  it('is none where the class is not', () => {
    const empty = { left: 0, top: 0, width: 10, height: 10 };
    expect(classPose(createLabelMap(20, 20, 1), 0, empty)).toBeUndefined();
  });
});

describe('copy-paste', () => {
  const target = pictureOf(20, [{ x: 60, y: 30, long: 20, short: 7, angle: 35, value: 90 }]);
  const source = pictureOf(50, [{ x: 30, y: 62, long: 24, short: 8, angle: -20, value: 200 }]);

  it('lays a bone where the target has it, turned and scaled as that one is', async () => {
    const { sample, classes, mirrored } = await copyPaste(target, source, options, Random.from(1));
    expect({ classes, mirrored }).toEqual({ classes: [0], mirrored: false });
    const [before, after] = [await poseOf(target, 0), await poseOf(sample, 0)];
    expect(Math.hypot(after.x - before.x, after.y - before.y)).toBeLessThan(0.5);
    expect(Math.abs(after.angle - before.angle)).toBeLessThan(0.05);
    expect(Math.abs(after.area / before.area - 1)).toBeLessThan(0.12);
    // Values come from the source inside, and from the target everywhere else.
    for (const [i, bits] of sample.labels.planes[0]!.entries()) {
      const value = sample.image.data[i]!;
      if (bits === 0) expect(value).toBe(20);
      else expect(value === 90 || value >= 50).toBe(true);
    }
    expect(sample.image.data.filter((value) => value === 200).length).toBeGreaterThan(300);
  });

  it('takes the mean of what it covers where it is asked to', async () => {
    const { sample } = await copyPaste(target, source, { ...options, matchBrightness: true }, Random.from(1));
    const inside = [...sample.image.data].filter((_, i) => sample.labels.planes[0]![i] !== 0);
    const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length;
    expect(Math.abs(mean - 90)).toBeLessThan(6);
  });

  it('softens the border of the values, not of the labels', async () => {
    const hard = await copyPaste(target, source, options, Random.from(1));
    const soft = await copyPaste(target, source, { ...options, blend: 1.5 }, Random.from(1));
    expect(soft.sample.labels).toEqual(hard.sample.labels);
    const jump = ({ data }: Sample['image']): number =>
      data.reduce(
        (most, value, i) => (i % side === 0 ? most : Math.max(most, Math.abs(value - data[i - 1]!))),
        0,
      );
    expect(jump(soft.sample.image)).toBeLessThan(jump(hard.sample.image) - 40);
  });

  it('carries the labels of what lies over the pasted bone, and drops those of what it covers', async () => {
    const over = { x: 30, y: 62, long: 5, short: 5, angle: 0, value: 210 };
    const below = { x: 60, y: 30, long: 4, short: 4, angle: 0, value: 95 };
    const bone = (of: Ellipse): Ellipse => ({ ...of });
    const withOver = pictureOf(50, [
      bone({ x: 30, y: 62, long: 24, short: 8, angle: -20, value: 200 }),
      over,
      undefined,
    ]);
    const withBelow = pictureOf(20, [
      bone({ x: 60, y: 30, long: 20, short: 7, angle: 35, value: 90 }),
      undefined,
      below,
    ]);
    const { sample, classes } = await copyPaste(withBelow, withOver, options, Random.from(2));
    expect(classes).toEqual([0]);
    const bits = sample.labels.planes[0]![30 * side + 60]!;
    expect(bits).toBe(0b011);
    expect(sample.labels.planes[0]!.every((value) => (value & 0b100) === 0)).toBe(true);
  });

  it('mirrors the other hand first', async () => {
    const hand = (mirror: boolean): Sample => {
      const x = (value: number): number => (mirror ? side - 1 - value : value);
      return pictureOf(20, [
        { x: x(15), y: 40, long: 10, short: 5, angle: mirror ? -60 : 60, value: 100 },
        { x: x(45), y: 25, long: 14, short: 5, angle: 90, value: 110 },
        { x: x(75), y: 35, long: 12, short: 5, angle: 90, value: 120 },
      ]);
    };
    const all = { ...options, classes: [3, 3] as const };
    const same = await copyPaste(hand(false), hand(false), all, Random.from(3));
    const other = await copyPaste(hand(false), hand(true), all, Random.from(3));
    expect([same.mirrored, other.mirrored]).toEqual([false, true]);
    expect(other.sample).toEqual(same.sample);
    expect(same.sample).toEqual(hand(false));
  });

  it('keeps the place of a class that the target has not, and gives the target back where there is nothing', async () => {
    const bare = pictureOf(20, [undefined]);
    const { sample } = await copyPaste(bare, source, options, Random.from(4));
    expect(sample.labels).toEqual(source.labels);
    const nothing = await copyPaste(target, bare, options, Random.from(4));
    expect(nothing).toEqual({ sample: target, classes: [], mirrored: false });
  });

  it('pastes as many classes as it is asked to, as far as there are', async () => {
    const many = pictureOf(
      10,
      [20, 48, 76].map((x) => ({ x, y: 48, long: 14, short: 6, angle: 90, value: 99 })),
    );
    for (let seed = 0; seed < 10; seed++) {
      const two = await copyPaste(many, many, { ...options, classes: [2, 2] }, Random.from(seed));
      expect(new Set(two.classes).size).toBe(2);
      const most = await copyPaste(many, many, { ...options, classes: [9, 9] }, Random.from(seed));
      expect([...most.classes].sort()).toEqual([0, 1, 2]);
    }
  });
});
