import type { Random } from '../../src/core/random.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';

/** A label map of rectangles, some of them one pixel, some touching the border, many overlapping. */
export function randomLabelMap(random: Random, width: number, height: number, classes: number): LabelMap {
  const labels = createLabelMap(width, height, classes);
  for (let i = 0; i < 2 * classes; i++) {
    const classIndex = random.integer(0, classes);
    const [left, top] = [random.integer(0, width), random.integer(0, height)];
    const right = Math.min(width, left + random.integer(1, 2 + width / 2));
    const bottom = Math.min(height, top + random.integer(1, 2 + height / 2));
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        labels.planes[classIndex >> 5]![y * width + x]! |= 1 << (classIndex & 31);
      }
    }
  }
  return labels;
}
