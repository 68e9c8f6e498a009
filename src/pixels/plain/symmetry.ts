import type { Raster } from '../geometry.ts';
import type { Symmetry } from '../symmetry.ts';
import { reorientedSize } from '../symmetry.ts';

/** The twin of the native `reorient`. */
export function reorientPlain({ image, planes }: Raster, by: Symmetry): Raster {
  const { channels } = image;
  const { width, height } = reorientedSize(image, by);
  const data = new Uint8Array(image.data.length);
  const outPlanes = planes.map((plane) => new Uint32Array(plane.length));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = by.transpose ? [y, x] : [x, y];
      const sx = by.mirrorX ? image.width - 1 - column : column;
      const sy = by.mirrorY ? image.height - 1 - row : row;
      const from = sy * image.width + sx;
      const to = y * width + x;
      for (let c = 0; c < channels; c++) data[to * channels + c] = image.data[from * channels + c]!;
      for (const [p, plane] of planes.entries()) outPlanes[p]![to] = plane[from]!;
    }
  }
  return { image: { width, height, channels, data }, planes: outPlanes };
}
