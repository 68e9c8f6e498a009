import { describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { fillPolygonsPlain } from '../../src/labels/plain/polygons.ts';
import { fillPolygons } from '../../src/labels/polygons.ts';
import type { Polygon } from '../../src/labels/polygons.ts';
import { digest, golden, maskOf } from './goldens.ts';

interface PolygonCase {
  readonly kind: string;
  readonly width: number;
  readonly height: number;
  readonly points: number[][];
  readonly area: number;
  readonly sha256: string;
}

const cases = golden<PolygonCase>('polygons.json');

describe('fillPolygons', () => {
  for (const kind of new Set(cases.map((one) => one.kind))) {
    it(`has the pixels of cv2.fillPoly: ${kind}`, async () => {
      for (const { width, height, points, area, sha256 } of cases.filter((one) => one.kind === kind)) {
        const mask = maskOf(
          await fillPolygons([{ classIndex: 0, points }], { width, height, classes: 1 }),
          0,
        );
        const described = { width, height, points };
        expect({ ...described, area: mask.reduce((sum, bit) => sum + bit, 0) }).toEqual({
          ...described,
          area,
        });
        expect({ ...described, sha256: digest(mask) }).toEqual({ ...described, sha256 });
      }
    });
  }

  it('equals its twin for overlapping polygons of more classes than one plane holds', async () => {
    const random = Random.from('polygons');
    for (let round = 0; round < 20; round++) {
      const size = { width: random.integer(1, 200), height: random.integer(1, 200), classes: 70 };
      const polygons = Array.from({ length: 40 }, () => randomPolygon(random, size.width, size.classes));
      expect(await fillPolygons(polygons, size)).toEqual(fillPolygonsPlain(polygons, size));
    }
  });

  it('unites polygons of one class and cuts fractions towards zero', async () => {
    const square = (left: number, top: number, right: number, bottom: number) => [
      [left, top],
      [right, top],
      [right, bottom],
      [left, bottom],
    ];
    const polygons = [
      { classIndex: 0, points: square(0.7, -0.9, 1.9, 0.9) },
      { classIndex: 0, points: square(3.2, 0, 4.5, 1.5) },
    ];
    const { planes } = await fillPolygons(polygons, { width: 6, height: 2, classes: 1 });
    expect([...planes[0]!]).toEqual([1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0]);
  });

  it('draws nothing for an empty polygon and a pixel for a single point', async () => {
    const size = { width: 3, height: 1, classes: 1 };
    const polygons = [
      { classIndex: 0, points: [] },
      { classIndex: 0, points: [[1, 0]] },
    ];
    expect([...(await fillPolygons(polygons, size)).planes[0]!]).toEqual([0, 1, 0]);
  });

  it('is not slowed down by points far above the image', async () => {
    const points = [
      [-100, -131072],
      [10, 10],
      [131072, -131072],
    ];
    const size = { width: 16, height: 16, classes: 1 };
    expect(await fillPolygons([{ classIndex: 0, points }], size)).toEqual(
      fillPolygonsPlain([{ classIndex: 0, points }], size),
    );
  });

  it.each([
    ['NaN', [[Number.NaN, 0]], 0],
    ['infinite', [[Number.POSITIVE_INFINITY, 0]], 0],
    ['too far', [[0, 131073]], 0],
    ['three numbers', [[0, 0, 0]], 0],
    ['text', [['1', 0]] as unknown as number[][], 0],
    ['class below', [[0, 0]], -1],
    ['class above', [[0, 0]], 3],
  ])('refuses a hostile polygon: %s', async (_, points, classIndex) => {
    const filling = fillPolygons([{ classIndex, points }], { width: 4, height: 4, classes: 3 });
    await expect(filling).rejects.toThrow(PhalanxError);
  });
});

function randomPolygon(random: Random, side: number, classes: number): Polygon {
  const points = Array.from({ length: random.integer(1, 20) }, () => [
    random.integer(-side, 2 * side),
    random.integer(-side, 2 * side),
  ]);
  return { classIndex: random.integer(0, classes), points };
}
