import { bytesOf } from '../core/bytes.ts';
import type { ImageSize } from '../pixels/image.ts';
import { resizePlanes } from '../pixels/resize.ts';
import { createLabelMap } from './labelMap.ts';
import type { LabelMap } from './labelMap.ts';

/**
 * Resizes to the nearest pixels, those of OpenCV's `INTER_NEAREST`.
 *
 * @throws RangeError for a side that is no integer from 1 to 131072, or when a plane has not the label map's size.
 */
export async function resizeLabels(labels: LabelMap, { width, height }: ImageSize): Promise<LabelMap> {
  const planes = await resizePlanes(labels.planes, labels, { width, height });
  return { width, height, classes: labels.classes, planes };
}

/** Left becomes right. */
export function flipLabelsHorizontally(labels: LabelMap): LabelMap {
  const { width, height, classes } = labels;
  const planes = labels.planes.map((plane) => {
    const flipped = plane.slice();
    for (let y = 0; y < height; y++) flipped.subarray(y * width, (y + 1) * width).reverse();
    return flipped;
  });
  return { width, height, classes, planes };
}

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

/** @throws RangeError when the box is empty or leaves the label map. */
export function cropLabels(labels: LabelMap, { left, top, width, height }: Box): LabelMap {
  const inside = left >= 0 && top >= 0 && left + width <= labels.width && top + height <= labels.height;
  if (!inside || width < 1 || height < 1 || ![left, top, width, height].every(Number.isInteger)) {
    throw new RangeError(
      `Box ${left}, ${top}, ${width}×${height} of a label map of ${labels.width}×${labels.height}`,
    );
  }
  const cropped = createLabelMap(width, height, labels.classes);
  for (const [index, plane] of cropped.planes.entries()) {
    for (let y = 0; y < height; y++) {
      const start = (top + y) * labels.width + left;
      plane.set(labels.planes[index]!.subarray(start, start + width), y * width);
    }
  }
  return cropped;
}

/** Whether size, number of classes and every pixel agree. */
export function labelsEqual(a: LabelMap, b: LabelMap): boolean {
  if (a.width !== b.width || a.height !== b.height || a.classes !== b.classes) return false;
  return a.planes.every((plane, index) => Buffer.compare(bytesOf(plane), bytesOf(b.planes[index]!)) === 0);
}
