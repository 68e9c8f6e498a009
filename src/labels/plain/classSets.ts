import type { SetOperation } from '../classSets.ts';
import { createLabelMap } from '../labelMap.ts';
import type { LabelMap } from '../labelMap.ts';
import { drawClasses, hasClass } from './pixels.ts';

const operations = {
  union: (a: boolean, b: boolean) => a || b,
  intersection: (a: boolean, b: boolean) => a && b,
  difference: (a: boolean, b: boolean) => a && !b,
} as const satisfies Record<SetOperation, unknown>;

/** The twin of `combineLabels`. */
export function combineLabelsPlain(a: LabelMap, b: LabelMap, operation: SetOperation): LabelMap {
  return drawClasses(a, (classIndex, x, y) =>
    operations[operation](hasClass(a, classIndex, x, y), hasClass(b, classIndex, x, y)),
  );
}

/** The twin of `knownLabels`. */
export function knownLabelsPlain(labels: LabelMap, unknown: Uint32Array): LabelMap {
  const known = createLabelMap(labels.width, labels.height, labels.classes);
  return drawClasses(
    known,
    (classIndex, x, y) => unknown[y * labels.width + x] === 0 && hasClass(labels, classIndex, x, y),
  );
}

/** The twin of `complementLabels`. */
export function complementLabelsPlain(labels: LabelMap): LabelMap {
  return drawClasses(labels, (classIndex, x, y) => !hasClass(labels, classIndex, x, y));
}

/** The twin of `uniteClasses`. */
export function uniteClassesPlain(labels: LabelMap, groups: readonly (readonly number[])[]): LabelMap {
  const result = createLabelMap(labels.width, labels.height, groups.length);
  return drawClasses(result, (classIndex, x, y) =>
    groups[classIndex]!.some((source) => hasClass(labels, source, x, y)),
  );
}
