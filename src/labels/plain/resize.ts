import type { ImageSize } from '../../pixels/image.ts';
import { createLabelMap } from '../labelMap.ts';
import type { LabelMap } from '../labelMap.ts';
import { drawClasses, hasClass } from './pixels.ts';

/** The twin of `resizeLabels` by `area`. */
export function resizeLabelsByAreaPlain(labels: LabelMap, { width, height }: ImageSize): LabelMap {
  const columns = Array.from({ length: width }, (_, x) => shares(x, labels.width, width));
  const rows = Array.from({ length: height }, (_, y) => shares(y, labels.height, height));
  return drawClasses(createLabelMap(width, height, labels.classes), (c, x, y) => {
    let covered = 0;
    for (const row of rows[y]!) {
      for (const column of columns[x]!) {
        if (hasClass(labels, c, column.position, row.position)) covered += column.share * row.share;
      }
    }
    return 2 * covered >= labels.width * labels.height;
  });
}

/** What a target pixel covers of each source pixel along one axis, where a source pixel is `length` long. */
function shares(index: number, sourceLength: number, length: number): { position: number; share: number }[] {
  const [start, end] = [index * sourceLength, (index + 1) * sourceLength];
  return Array.from({ length: sourceLength }, (_, position) => ({
    position,
    share: Math.min(end, (position + 1) * length) - Math.max(start, position * length),
  })).filter(({ share }) => share > 0);
}
