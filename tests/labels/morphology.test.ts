import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { dilateLabels, erodeLabels } from '../../src/labels/morphology.ts';
import type { StructuringElement } from '../../src/labels/morphology.ts';
import { dilateLabelsPlain, erodeLabelsPlain } from '../../src/labels/plain/morphology.ts';
import { digest, golden, labelsOf, maskOf } from './goldens.ts';
import type { MaskCase } from './goldens.ts';
import { randomLabelMap } from './random.ts';

interface MorphologyCase extends MaskCase, StructuringElement {
  readonly dilated: string;
  readonly eroded: string;
  readonly erodedFromOutside: string;
}

const shapes = ['square', 'cross', 'disk'] as const;

describe.each(shapes)('dilation and erosion by a %s', (shape) => {
  it('have the pixels of OpenCV, and of SciPy where the outside is empty', async () => {
    const cases = golden<MorphologyCase>('morphology.json').filter((one) => one.shape === shape);
    expect(cases.length).toBeGreaterThan(10);
    for (const one of cases) {
      const labels = labelsOf(one);
      const element = { shape, radius: one.radius };
      const eroded = await erodeLabels(labels, element);
      const fromOutside = await erodeLabels(labels, { ...element, beyond: 'empty' });
      expect(digest(maskOf(await dilateLabels(labels, element), 0))).toBe(one.dilated);
      expect(digest(maskOf(eroded, 0))).toBe(one.eroded);
      expect(digest(maskOf(fromOutside, 0))).toBe(one.erodedFromOutside);
    }
  });

  it('equal their twins for more classes than one plane holds', async () => {
    const random = Random.from('morphology', shape);
    for (const radius of [0, 1, 2, 5, 12]) {
      const labels = randomLabelMap(random, random.integer(1, 24), random.integer(1, 24), 40);
      expect(await dilateLabels(labels, { shape, radius })).toEqual(
        dilateLabelsPlain(labels, { shape, radius }),
      );
      for (const beyond of ['neutral', 'empty'] as const) {
        const options = { shape, radius, beyond };
        expect(await erodeLabels(labels, options)).toEqual(erodeLabelsPlain(labels, options));
      }
    }
  });

  it('take a radius far beyond the image, and refuse one that is none', async () => {
    const labels = randomLabelMap(Random.from('morphology', shape, 'far'), 9, 7, 3);
    const far = await dilateLabels(labels, { shape, radius: 131072 });
    expect(far).toEqual(dilateLabelsPlain(labels, { shape, radius: 20 }));
    await expect(dilateLabels(labels, { shape, radius: -1 })).rejects.toThrow(RangeError);
    await expect(dilateLabels(labels, { shape, radius: 1.5 })).rejects.toThrow(RangeError);
  });
});
