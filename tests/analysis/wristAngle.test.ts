import { expect, test } from 'vitest';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import { wristAngle } from '../../src/data/handBone/wristAngle.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';

/** A bar of 10 by 60 pixels around a point, turned clockwise from the vertical. */
function addBar(
  labels: LabelMap,
  name: (typeof handBoneClasses)[number],
  [x, y]: readonly [number, number],
  degrees: number,
  length = 60,
): void {
  const bit = 1 << handBoneClasses.indexOf(name);
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  for (let py = 0; py < labels.height; py++) {
    for (let px = 0; px < labels.width; px++) {
      const [dx, dy] = [px - x, py - y];
      const [along, across] = [dx * sin - dy * cos, dx * cos + dy * sin];
      if (Math.abs(along) <= length / 2 && Math.abs(across) <= 5)
        labels.planes[0]![py * labels.width + px]! |= bit;
    }
  }
}

/** A hand above a forearm; the thumb on the right, as of a left hand, or on the left. */
function hand(armDegrees: number, handDegrees: number, thumbOn: 'left' | 'right', armLength = 60): LabelMap {
  const labels = createLabelMap(256, 256, 29);
  const thumb = thumbOn === 'right' ? 1 : -1;
  addBar(labels, 'finger-3', [128 + 40 * thumb, 90], handDegrees);
  addBar(labels, 'finger-11', [128, 80], handDegrees);
  addBar(labels, 'finger-19', [128 - 40 * thumb, 90], handDegrees);
  addBar(labels, 'Radius', [128 + 15 * thumb, 200], armDegrees, armLength);
  addBar(labels, 'Ulna', [128 - 15 * thumb, 200], armDegrees, armLength);
  return labels;
}

test.each([
  [0, 0, 'right', 0],
  [0, 20, 'right', -20],
  [0, 20, 'left', 20],
  [-10, 15, 'left', 25],
  [10, -15, 'left', -25],
  [10, -15, 'right', 25],
] as const)(
  'an arm at %d° and a hand at %d°, thumb %s: bent by %d° to the little finger',
  async (arm, own, thumb, bent) => {
    expect(Math.abs((await wristAngle(hand(arm, own, thumb), handBoneClasses))! - bent)).toBeLessThan(1);
  },
);

test('says nothing of a forearm cut short, of a hand without it, and of other classes', async () => {
  const whole = hand(0, 0, 'left');
  expect(await wristAngle(hand(0, 0, 'left', 8), handBoneClasses)).toBeUndefined();
  expect(await wristAngle(hand(0, 0, 'left', 4), handBoneClasses)).toBeUndefined();
  expect(await wristAngle(createLabelMap(8, 8, 29), handBoneClasses)).toBeUndefined();
  expect(
    await wristAngle(
      whole,
      handBoneClasses.map((_, index) => `class ${index}`),
    ),
  ).toBeUndefined();
});
