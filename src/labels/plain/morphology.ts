import type { LabelMap } from '../labelMap.ts';
import type { ErosionOptions, StructuringElement } from '../morphology.ts';
import { drawClasses, hasClass } from './pixels.ts';

/** Steps to the pixels under an element. */
function steps({ shape, radius }: StructuringElement): [dx: number, dy: number][] {
  const line = Array.from({ length: 2 * radius + 1 }, (_, i) => i - radius);
  const all = line.flatMap((dy) => line.map((dx): [number, number] => [dx, dy]));
  if (shape === 'cross') return all.filter(([dx, dy]) => dx === 0 || dy === 0);
  return shape === 'disk' ? all.filter(([dx, dy]) => dx * dx + dy * dy <= radius * radius) : all;
}

/** The twin of `dilateLabels`. */
export function dilateLabelsPlain(labels: LabelMap, element: StructuringElement): LabelMap {
  const under = steps(element);
  return drawClasses(labels, (c, x, y) => under.some(([dx, dy]) => hasClass(labels, c, x + dx, y + dy)));
}

/** The twin of `erodeLabels`. */
export function erodeLabelsPlain(labels: LabelMap, options: ErosionOptions): LabelMap {
  const { width, height } = labels;
  const under = steps(options);
  const outside = (x: number, y: number) => x < 0 || y < 0 || x >= width || y >= height;
  return drawClasses(labels, (c, x, y) =>
    under.every(
      ([dx, dy]) =>
        hasClass(labels, c, x + dx, y + dy) || (options.beyond !== 'empty' && outside(x + dx, y + dy)),
    ),
  );
}
