import { describe, expect, test } from 'vitest';
import { errorColours, errorMap } from '../../src/analysis/errorMap.ts';
import { errorMapPlain } from '../../src/analysis/plain/errorMap.ts';
import { Random } from '../../src/core/random.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { createImage } from '../../src/pixels/image.ts';
import { rectangles } from '../inference/syntheticDataset.ts';

function labels(bits: readonly number[], classes = 3): LabelMap {
  const map = createLabelMap(bits.length, 1, classes);
  map.planes[0]!.set(bits);
  return map;
}

describe('errorMap', () => {
  test('colours each pixel by what is wrong with it, overlapping classes included', async () => {
    const image = createImage(7, 1, 1);
    image.data.fill(100);
    //                     right, background, missed, extra, confused, one of two missed, one of two confused
    const truth = labels([0b001, 0, 0b010, 0, 0b001, 0b011, 0b011]);
    const guess = labels([0b001, 0, 0, 0b100, 0b010, 0b001, 0b101]);
    const { image: map, counts } = await errorMap(image, truth, guess);
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

  test('looks at every plane', async () => {
    const truth = createLabelMap(1, 1, 40);
    const guess = createLabelMap(1, 1, 40);
    truth.planes[1]![0] = 0b1;
    expect((await errorMap(createImage(1, 1, 3), truth, guess)).counts).toMatchObject({
      missed: 1,
      labelled: 1,
    });
  });

  test('refuses parts of different sizes', async () => {
    await expect(errorMap(createImage(2, 1, 1), labels([0]), labels([0]))).rejects.toThrow(/one size/);
    await expect(errorMap(createImage(1, 1, 1), labels([0]), labels([0], 4))).rejects.toThrow(/4 classes/);
  });

  test.each([
    [3, 1, 40, 30],
    [29, 3, 33, 21],
    [32, 4, 17, 19],
    [40, 1, 150, 5],
  ] as const)(
    'is its plain twin: %i classes, %i channels, %i×%i',
    async (classes, channels, width, height) => {
      const random = Random.from('error map', classes);
      const image = createImage(width, height, channels);
      for (let i = 0; i < image.data.length; i++) image.data[i] = random.integer(0, 256);
      const [truth, guess] = [1, 2].map(() => rectangles(width, height, classes, random)) as [
        LabelMap,
        LabelMap,
      ];
      expect(await errorMap(image, truth, guess)).toEqual(errorMapPlain(image, truth, guess));
    },
  );

  test('puts what is far from any border in the last bin', async () => {
    const truth = createLabelMap(200, 1, 1);
    const guess = createLabelMap(200, 1, 1);
    truth.planes[0]![0] = 1;
    guess.planes[0]!.fill(1);
    const { distances } = await errorMap(createImage(200, 1, 1), truth, guess);
    expect(distances.extra[0]).toBe(1);
    expect(distances.extra[64]).toBe(1);
    expect(distances.extra[65]).toBe(199 - 65);
  });
});
