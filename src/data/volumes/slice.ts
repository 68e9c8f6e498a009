import type { ImageSize } from '../../pixels/image.ts';
import type { StoredArray } from '../intensity/values.ts';
import type { Volume, VolumeHeader } from './volume.ts';

/** The axis that slices are stacked along. */
export type Axis = 'x' | 'y' | 'z';

/** Number of slices along an axis, and their width and height in voxels. */
export function slicesOf(
  { size: [x, y, z] }: Pick<VolumeHeader, 'size'>,
  axis: Axis,
): ImageSize & { count: number } {
  switch (axis) {
    case 'z':
      return { count: z, width: x, height: y };
    case 'y':
      return { count: y, width: x, height: z };
    case 'x':
      return { count: x, width: y, height: z };
  }
}

/**
 * One slice, `[height, width]`: along z its rows are y and its columns x, along y they are z and x, along x they are z
 * and y, each in the order of the file.
 */
export function sliceOf(
  { size, data }: Pick<Volume, 'size' | 'data'>,
  axis: Axis,
  index: number,
): StoredArray {
  const [nx, ny] = size;
  const { width, height } = slicesOf({ size }, axis);
  const plane = nx * ny;
  if (axis === 'z') return data.slice(index * plane, (index + 1) * plane);
  const slice = data.slice(0, width * height);
  const [start, along] = axis === 'y' ? [index * nx, 1] : [index, nx];
  for (let row = 0, i = 0; row < height; row++) {
    for (let at = start + row * plane, column = 0; column < width; column++, at += along)
      slice[i++] = data[at]!;
  }
  return slice;
}
