import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { boundingBoxes } from '../../src/labels/boxes.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { boundingBoxesPlain } from '../../src/labels/plain/boxes.ts';
import { randomLabelMap } from './random.ts';

describe('boundingBoxes', () => {
  it('equal their twin', async () => {
    const random = Random.from('boxes');
    for (let round = 0; round < 10; round++) {
      const labels = randomLabelMap(random, random.integer(1, 40), random.integer(1, 40), 40);
      expect(await boundingBoxes(labels)).toEqual(boundingBoxesPlain(labels));
    }
  });

  it('are those of the outermost pixels; a class without pixels has none', async () => {
    const labels = createLabelMap(5, 4, 34);
    labels.planes[1]![1 * 5 + 3] = 2;
    labels.planes[1]![2 * 5 + 2] = 2;
    labels.planes[0]![0] = 1;
    const boxes = await boundingBoxes(labels);
    expect(boxes[0]).toEqual({ left: 0, top: 0, width: 1, height: 1 });
    expect(boxes[33]).toEqual({ left: 2, top: 1, width: 2, height: 2 });
    expect(boxes.filter((box) => box !== undefined)).toHaveLength(2);
  });
});
