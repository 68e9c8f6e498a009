import { describe, expect, test } from 'vitest';
import { errorColours, errorMap } from '../../src/analysis/errorMap.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { createImage } from '../../src/pixels/image.ts';

function labels(bits: readonly number[], classes = 3): LabelMap {
  const map = createLabelMap(bits.length, 1, classes);
  map.planes[0]!.set(bits);
  return map;
}

describe('errorMap', () => {
  test('colours each pixel by what is wrong with it, overlapping classes included', () => {
    const image = createImage(7, 1, 1);
    image.data.fill(100);
    //                     right, background, missed, extra, confused, one of two missed, one of two confused
    const truth = labels([0b001, 0, 0b010, 0, 0b001, 0b011, 0b011]);
    const guess = labels([0b001, 0, 0, 0b100, 0b010, 0b001, 0b101]);
    const { image: map, counts } = errorMap(image, truth, guess);
    const pixel = (x: number): number[] => [...map.data.subarray(3 * x, 3 * x + 3)];
    expect(pixel(0)).toEqual([62, 62, 62]);
    expect(pixel(1)).toEqual([62, 62, 62]);
    expect(pixel(2)).toEqual([...errorColours.missed]);
    expect(pixel(3)).toEqual([...errorColours.extra]);
    expect(pixel(4)).toEqual([...errorColours.confused]);
    expect(pixel(5)).toEqual([...errorColours.missed]);
    expect(pixel(6)).toEqual([...errorColours.confused]);
    expect(counts).toEqual({ confused: 2, missed: 2, extra: 1, labelled: 6 });
  });

  test('looks at every plane', () => {
    const truth = createLabelMap(1, 1, 40);
    const guess = createLabelMap(1, 1, 40);
    truth.planes[1]![0] = 0b1;
    expect(errorMap(createImage(1, 1, 3), truth, guess).counts).toMatchObject({ missed: 1, labelled: 1 });
  });

  test('refuses parts of different sizes', () => {
    expect(() => errorMap(createImage(2, 1, 1), labels([0]), labels([0]))).toThrow(/one size/);
    expect(() => errorMap(createImage(1, 1, 1), labels([0]), labels([0], 4))).toThrow(/4 classes/);
  });
});
