import { expect, it } from 'vitest';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { tilt } from '../../src/labels/tilt.ts';

it('tilt measures how far labels lean from the vertical', () => {
  const bar = (dx: number, dy: number): number | undefined => {
    const labels = createLabelMap(101, 101, 1);
    for (let t = -40; t <= 40; t++) {
      labels.planes[0]![Math.round(50 + t * dy) * 101 + Math.round(50 + t * dx)] = 1;
    }
    return tilt(labels);
  };
  expect(bar(0, 1)).toBeCloseTo(0, 5);
  expect(Math.abs(bar(1, 0)!)).toBeCloseTo(90, 5);
  // Top to the right: x grows as y shrinks.
  expect(bar(Math.sin(Math.PI / 6), -Math.cos(Math.PI / 6))).toBeCloseTo(30, 0);
  expect(bar(-Math.sin(Math.PI / 9), -Math.cos(Math.PI / 9))).toBeCloseTo(-20, 0);
  expect(tilt(createLabelMap(4, 4, 2))).toBeUndefined();
});
