import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { boundingBoxes } from '../../src/labels/boxes.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { cropLabels, flipLabelsHorizontally, labelsEqual, resizeLabels } from '../../src/labels/transform.ts';
import { resizePlanesPlain } from '../../src/pixels/plain/resize.ts';
import { maskOf } from './goldens.ts';
import { randomLabelMap } from './random.ts';

it('resizeLabels keeps the classes', async () => {
  const labels = randomLabelMap(Random.from('resize'), 6, 4, 40);
  const planes = resizePlanesPlain(labels.planes, labels, { width: 3, height: 8 });
  expect(await resizeLabels(labels, { width: 3, height: 8 })).toEqual({
    width: 3,
    height: 8,
    classes: 40,
    planes,
  });
});

describe('flipLabelsHorizontally, cropLabels, labelsEqual', () => {
  const labels = randomLabelMap(Random.from('flip'), 23, 17, 40);

  it('mirror columns', () => {
    const flipped = flipLabelsHorizontally(labels);
    const [mask, mirrored] = [maskOf(labels, 39), maskOf(flipped, 39)];
    for (let y = 0; y < 17; y++) {
      for (let x = 0; x < 23; x++) expect(mirrored[y * 23 + x]).toBe(mask[y * 23 + 22 - x]);
    }
    expect(labelsEqual(flipped, labels)).toBe(false);
    expect(labelsEqual(flipLabelsHorizontally(flipped), labels)).toBe(true);
  });

  it('cut out a box', () => {
    const cropped = cropLabels(labels, { left: 3, top: 5, width: 7, height: 4 });
    const [mask, part] = [maskOf(labels, 39), maskOf(cropped, 39)];
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 7; x++) expect(part[y * 7 + x]).toBe(mask[(y + 5) * 23 + x + 3]);
    }
    expect(() => cropLabels(labels, { left: 17, top: 0, width: 7, height: 1 })).toThrow(RangeError);
    expect(() => cropLabels(labels, { left: -1, top: 0, width: 7, height: 1 })).toThrow(RangeError);
    expect(() => cropLabels(labels, { left: 0.5, top: 0, width: 2, height: 1 })).toThrow(RangeError);
  });

  it('tell sizes and classes apart', () => {
    expect(labelsEqual(createLabelMap(2, 3, 1), createLabelMap(3, 2, 1))).toBe(false);
    expect(labelsEqual(createLabelMap(2, 3, 1), createLabelMap(2, 3, 2))).toBe(false);
    expect(labelsEqual(createLabelMap(2, 3, 1), createLabelMap(2, 3, 1))).toBe(true);
  });
});

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
