import type { LabelMap } from '../labelMap.ts';
import type { PixelOrder, RunMask } from '../runs.ts';

/** The twin of `labelRuns`. */
export function labelRunsPlain(labels: LabelMap, order: PixelOrder): RunMask[] {
  const { width, height, classes, planes } = labels;
  const at = (index: number) =>
    order === 'row-major' ? index : (index % height) * width + Math.floor(index / height);
  return Array.from({ length: classes }, (_, classIndex) => {
    const plane = planes[classIndex >> 5]!;
    const boundaries: number[] = [];
    for (let index = 0, before = 0; index <= width * height; index++) {
      const pixel = index === width * height ? 0 : (plane[at(index)]! >>> (classIndex & 31)) & 1;
      if (pixel !== before) boundaries.push(index);
      before = pixel;
    }
    return { width, height, order, boundaries: Uint32Array.from(boundaries) };
  });
}
