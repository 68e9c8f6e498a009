import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { boundingBoxes } from '../../src/labels/boxes.ts';
import { maskOf } from './goldens.ts';
import { randomLabelMap } from './random.ts';

describe('boundingBoxes', () => {
  it('are the outermost pixels of each class', async () => {
    const random = Random.from('boxes');
    for (let round = 0; round < 10; round++) {
      const [width, height] = [random.integer(1, 40), random.integer(1, 40)];
      const labels = randomLabelMap(random, width, height, 40);
      for (const [classIndex, box] of (await boundingBoxes(labels)).entries()) {
        const positions = [...maskOf(labels, classIndex).entries()].filter(([, bit]) => bit).map(([i]) => i);
        const xs = positions.map((i) => i % width);
        const ys = positions.map((i) => Math.floor(i / width));
        const [left, top] = [Math.min(...xs), Math.min(...ys)];
        const expected = { left, top, width: Math.max(...xs) - left + 1, height: Math.max(...ys) - top + 1 };
        expect(box).toEqual(positions.length === 0 ? undefined : expected);
      }
    }
  });
});
