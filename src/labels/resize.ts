import { uninitializedPlanes } from '../pixels/memory.ts';
import { nativePixels } from '../pixels/native.ts';
import type { ImageSize } from '../pixels/image.ts';
import { resizePlanes } from '../pixels/resize.ts';
import type { LabelMap } from './labelMap.ts';

/**
 * `nearest`: each pixel takes one pixel's classes, that of OpenCV's `INTER_NEAREST`. `area`: it has the classes that cover
 * at least half of it, which keeps thin bones whole and borders in place when an image is made smaller.
 */
export const labelInterpolations = ['nearest', 'area'] as const;
export type LabelInterpolation = (typeof labelInterpolations)[number];

interface AreaKernels {
  resizePlanesByArea(
    source: readonly Uint32Array[],
    sourceWidth: number,
    sourceHeight: number,
    target: readonly Uint32Array[],
    width: number,
    height: number,
  ): Promise<unknown>;
}

/**
 * Resizes every class of a label map, off the JavaScript thread.
 *
 * @throws RangeError for a side that is no integer from 1 to 131072, or when a plane has not the label map's size.
 */
export async function resizeLabels(
  labels: LabelMap,
  { width, height }: ImageSize,
  method: LabelInterpolation = 'nearest',
): Promise<LabelMap> {
  const { classes } = labels;
  if (method === 'nearest') {
    return { width, height, classes, planes: await resizePlanes(labels.planes, labels, { width, height }) };
  }
  const planes = uninitializedPlanes(labels.planes.length, width * height);
  const kernels = nativePixels<AreaKernels>();
  await kernels.resizePlanesByArea(labels.planes, labels.width, labels.height, planes, width, height);
  return { width, height, classes, planes };
}
