import type { ImageSize } from '../pixels/image.ts';
import { resizePlanes } from '../pixels/resize.ts';
import type { LabelInterpolation } from '../pixels/resize.ts';
import { allPlanes, withPlanes } from './labelMap.ts';
import type { LabelMap } from './labelMap.ts';

/**
 * Resizes every class of a label map, off the JavaScript thread.
 *
 * @throws RangeError for a side that is no integer from 1 to 131072, or when a plane has not the label map's size.
 */
export async function resizeLabels(
  labels: LabelMap,
  size: ImageSize,
  method: LabelInterpolation = 'nearest',
): Promise<LabelMap> {
  return withPlanes(labels, size, await resizePlanes(allPlanes(labels), labels, size, method));
}
