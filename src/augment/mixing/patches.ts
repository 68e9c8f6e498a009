import type { Raster } from '../../pixels/geometry.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { uninitialized, uninitializedPlanes } from '../../pixels/memory.ts';

/** Four images joined at a point, each giving a part as large as its corner. */
export interface FourPatches {
  /** Where they meet: columns left and rows above it, pixels. */
  readonly cut: readonly [x: number, y: number];
  /** Where each patch begins in its image: top left, top right, bottom left, bottom right; pixels. */
  readonly origins: readonly (readonly [x: number, y: number])[];
}

/** The size of the patch in each corner. */
export function patchSizes({ width, height }: ImageSize, [x, y]: FourPatches['cut']): readonly ImageSize[] {
  return [0, 1, 2, 3].map((corner) => ({
    width: corner % 2 === 0 ? x : width - x,
    height: corner < 2 ? y : height - y,
  }));
}

/**
 * Copies a patch of each of four images of one shape into its corner.
 *
 * @param rasters top left, top right, bottom left, bottom right.
 */
export function joinPatches(rasters: readonly Raster[], { cut, origins }: FourPatches): Raster {
  const [{ image, planes }] = rasters as readonly [Raster];
  const { width, height, channels } = image;
  const data = uninitialized(image.data.length);
  const outPlanes = uninitializedPlanes(planes.length, width * height);
  for (const [corner, size] of patchSizes(image, cut).entries()) {
    const raster = rasters[corner]!;
    const [fromX, fromY] = origins[corner]!;
    const [toX, toY] = [corner % 2 === 0 ? 0 : cut[0], corner < 2 ? 0 : cut[1]];
    for (let row = 0; row < size.height; row++) {
      const from = (fromY + row) * width + fromX;
      const to = (toY + row) * width + toX;
      const end = from + size.width;
      data.set(raster.image.data.subarray(from * channels, end * channels), to * channels);
      for (const [p, plane] of raster.planes.entries()) outPlanes[p]!.set(plane.subarray(from, end), to);
    }
  }
  return { image: { width, height, channels, data }, planes: outPlanes };
}
