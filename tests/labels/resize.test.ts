import { expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { resizeLabels } from '../../src/labels/resize.ts';
import { resizePlanesPlain } from '../../src/pixels/plain/resize.ts';
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
