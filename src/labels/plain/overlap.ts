import type { LabelMap } from '../labelMap.ts';
import type { OverlapTable } from '../overlap.ts';

/** The twin of the counting kernel: pixels that class i of `a` shares with class j of `b`. */
export function overlapTablePlain(a: LabelMap, b: LabelMap): OverlapTable {
  const counts = new Float64Array(a.classes * b.classes);
  const has = (labels: LabelMap, classIndex: number, position: number) =>
    (labels.planes[classIndex >> 5]![position]! >>> (classIndex & 31)) & 1;
  for (let position = 0; position < a.width * a.height; position++) {
    for (let i = 0; i < a.classes; i++) {
      if (!has(a, i, position)) continue;
      for (let j = 0; j < b.classes; j++) counts[i * b.classes + j]! += has(b, j, position);
    }
  }
  return { rows: a.classes, columns: b.classes, counts };
}
