import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { fillHoles, findComponents, keepComponents } from '../../src/labels/components.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { componentPixels, fillHolesPlain, keepComponentsPlain } from '../../src/labels/plain/components.ts';
import { digest, golden, labelsOf, maskOf } from './goldens.ts';
import type { MaskCase } from './goldens.ts';
import { randomLabelMap } from './random.ts';

interface Found {
  readonly areas: number[];
  /** Left, top, width, height. */
  readonly boxes: number[][];
  readonly centroids: number[][];
  readonly twoLargest: string;
  readonly least: number;
  readonly withoutSmall: string;
  readonly filled: string;
  readonly filledSmall: string;
}

type ComponentCase = MaskCase & Record<'4' | '8', Found>;

const cases = golden<ComponentCase>('components.json');

describe.each([4, 8] as const)('components of %i-connected pixels', (connectivity) => {
  it('are those of OpenCV', async () => {
    for (const one of cases) {
      const { areas, boxes, centroids } = one[connectivity];
      const [found] = await findComponents(labelsOf(one), connectivity);
      expect(found!.map(({ area }) => area)).toEqual(areas);
      expect(found!.map(({ box: { left, top, width, height } }) => [left, top, width, height])).toEqual(
        boxes,
      );
      for (const [i, { centroid }] of found!.entries()) {
        expect(centroid[0]).toBeCloseTo(centroids[i]![0]!, 8);
        expect(centroid[1]).toBeCloseTo(centroids[i]![1]!, 8);
      }
    }
  });

  it('are kept by rank and area as from OpenCV’s statistics', async () => {
    for (const one of cases) {
      const { twoLargest, least, withoutSmall } = one[connectivity];
      const labels = labelsOf(one);
      const largest = await keepComponents(labels, { largest: 2, connectivity });
      const large = await keepComponents(labels, { minArea: least, connectivity });
      expect(digest(maskOf(largest, 0))).toBe(twoLargest);
      expect(digest(maskOf(large, 0))).toBe(withoutSmall);
    }
  });

  it('have holes that are filled as SciPy fills them', async () => {
    for (const one of cases) {
      const { least, filled, filledSmall } = one[connectivity];
      const labels = labelsOf(one);
      expect(digest(maskOf(await fillHoles(labels, { connectivity }), 0))).toBe(filled);
      expect(digest(maskOf(await fillHoles(labels, { connectivity, maxArea: least }), 0))).toBe(filledSmall);
    }
  });

  it('equal their twins for more classes than one plane holds', async () => {
    const random = Random.from('components', String(connectivity));
    for (const [largest, minArea] of [
      [1, 0],
      [2, 5],
      [Infinity, 9],
    ] as const) {
      const labels = randomLabelMap(random, random.integer(1, 40), random.integer(1, 40), 40);
      // Pixels at random, so that there are fragments and holes.
      for (let i = 0; i < labels.planes[0]!.length; i++)
        labels.planes[0]![i]! ^= random.bits() & random.bits();
      const areas = (await findComponents(labels, connectivity)).map((found) =>
        found.map(({ area }) => area),
      );
      const walked = (c: number) => componentPixels(labels, c, connectivity).map(({ length }) => length);
      expect(areas).toEqual(Array.from({ length: 40 }, (_, c) => walked(c)));
      const options = { largest, minArea, connectivity };
      expect(await keepComponents(labels, options)).toEqual(keepComponentsPlain(labels, options));
      const holes = { maxArea: minArea === 0 ? Infinity : minArea, connectivity };
      expect(await fillHoles(labels, holes)).toEqual(fillHolesPlain(labels, holes));
    }
  });
});

describe('limits per class', () => {
  it('are taken one by one', async () => {
    const labels = createLabelMap(5, 1, 2);
    labels.planes[0]!.set([3, 3, 0, 3, 0]);
    const kept = await keepComponents(labels, { largest: [1, 5], minArea: [0, 2] });
    expect([...kept.planes[0]!]).toEqual([3, 3, 0, 0, 0]);
    await expect(keepComponents(labels, { largest: [1] })).rejects.toThrow(RangeError);
    expect([...labels.planes[0]!]).toEqual([3, 3, 0, 3, 0]);
  });
});
