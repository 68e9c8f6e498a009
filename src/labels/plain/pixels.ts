import { createLabelMap } from '../labelMap.ts';
import type { LabelMap } from '../labelMap.ts';

/** Whether a pixel belongs to a class; pixels beyond the image belong to none. */
export function hasClass(
  { width, height, planes }: LabelMap,
  classIndex: number,
  x: number,
  y: number,
): boolean {
  if (x < 0 || y < 0 || x >= width || y >= height) return false;
  return ((planes[classIndex >> 5]![y * width + x]! >>> (classIndex & 31)) & 1) === 1;
}

/** Adds a pixel to a class. */
export function addPixel({ width, planes }: LabelMap, classIndex: number, x: number, y: number): void {
  planes[classIndex >> 5]![y * width + x]! |= 1 << (classIndex & 31);
}

/** A label map of the same shape, every pixel of every class decided by itself. */
export function drawClasses(
  { width, height, classes }: LabelMap,
  inside: (classIndex: number, x: number, y: number) => boolean,
): LabelMap {
  const result = createLabelMap(width, height, classes);
  for (let classIndex = 0; classIndex < classes; classIndex++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) if (inside(classIndex, x, y)) addPixel(result, classIndex, x, y);
    }
  }
  return result;
}
