import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { resizeLabels } from '../../src/labels/resize.ts';
import { resizePlanesPlain } from '../../src/pixels/plain/resize.ts';
import { resizeLabelsByAreaPlain } from '../../src/labels/plain/resize.ts';
import { digest, golden, labelsOf, maskOf } from './goldens.ts';
import type { MaskCase } from './goldens.ts';
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

describe('resizeLabels by area', () => {
  it('sets what covers at least half of a pixel, as OpenCV’s INTER_AREA for whole factors', async () => {
    for (const one of golden<MaskCase & { to: [number, number]; sha256: string }>('area.json')) {
      const [width, height] = one.to;
      const shrunk = await resizeLabels(labelsOf(one), { width, height }, 'area');
      expect(digest(maskOf(shrunk, 0))).toBe(one.sha256);
    }
  });

  it('equals its twin for more classes than one plane holds, smaller and larger', async () => {
    const random = Random.from('area');
    for (let round = 0; round < 8; round++) {
      const labels = randomLabelMap(random, random.integer(1, 30), random.integer(1, 30), 40);
      const size = { width: random.integer(1, 40), height: random.integer(1, 40) };
      expect(await resizeLabels(labels, size, 'area')).toEqual(resizeLabelsByAreaPlain(labels, size));
    }
  });
});
