import { nativePixels } from '../pixels/native.ts';
import type { LabelMap } from './labelMap.ts';

/** A rectangle of pixels. */
export interface Box {
  /** Column of the leftmost pixel. */
  readonly left: number;
  /** Row of the topmost pixel. */
  readonly top: number;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

interface BoxKernels {
  /** `[bits, 4]`: left, top, right and bottom, the latter two exclusive. */
  classBoxes(planes: readonly Uint32Array[], width: number, height: number): Promise<Int32Array>;
}

/** The smallest box around each class, `[classes]`; undefined for a class without pixels. */
export async function boundingBoxes(labels: LabelMap): Promise<(Box | undefined)[]> {
  const { width, height, planes, classes } = labels;
  const sides = await nativePixels<BoxKernels>().classBoxes(planes, width, height);
  return Array.from({ length: classes }, (_, classIndex) => {
    const [left, top, right, bottom] = sides.subarray(4 * classIndex, 4 * classIndex + 4);
    if (right === 0) return undefined;
    return { left: left!, top: top!, width: right! - left!, height: bottom! - top! };
  });
}
