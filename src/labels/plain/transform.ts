import { createLabelMap } from '../labelMap.ts';
import type { LabelMap } from '../labelMap.ts';

/** The twin of `resizeLabels`. */
export function resizeLabelsPlain(labels: LabelMap, width: number, height: number): LabelMap {
  const resized = createLabelMap(width, height, labels.classes);
  const nearest = (index: number, length: number, sourceLength: number) =>
    Math.min(Math.floor(index * (1 / (length / sourceLength))), sourceLength - 1);
  for (const [index, plane] of resized.planes.entries()) {
    for (let y = 0; y < height; y++) {
      const row = nearest(y, height, labels.height) * labels.width;
      for (let x = 0; x < width; x++) {
        plane[y * width + x] = labels.planes[index]![row + nearest(x, width, labels.width)]!;
      }
    }
  }
  return resized;
}
