import type { Box } from '../boxes.ts';
import type { LabelMap } from '../labelMap.ts';
import { hasClass } from './pixels.ts';

/** The twin of `boundingBoxes`. */
export function boundingBoxesPlain(labels: LabelMap): (Box | undefined)[] {
  return Array.from({ length: labels.classes }, (_, classIndex) => {
    let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
    for (let y = 0; y < labels.height; y++) {
      for (let x = 0; x < labels.width; x++) {
        if (!hasClass(labels, classIndex, x, y)) continue;
        [left, top] = [Math.min(left, x), Math.min(top, y)];
        [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
      }
    }
    return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
  });
}
