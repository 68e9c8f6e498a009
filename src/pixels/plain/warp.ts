import type { Raster } from '../geometry.ts';
import { fillBytes } from '../geometry.ts';
import { roundHalfEven } from '../rounding.ts';
import type { Warp } from '../warp.ts';
import { borderIndex } from '../window.ts';
import { sourceOf } from './coordinates.ts';
import { fusedMultiplyAdd } from './rounded.ts';

const { fround } = Math;

/** The twin of the native `warp`, pixel by pixel. */
export function warpPlain({ image, planes }: Raster, options: Warp): Raster {
  const { width: outWidth, height: outHeight, border } = options;
  const { width, height, channels } = image;
  const fill = fillBytes(options.fill, channels);
  const data = new Uint8Array(outWidth * outHeight * channels);
  const outPlanes = planes.map(() => new Uint32Array(outWidth * outHeight));
  const locate = (x: number, y: number): number => {
    const column = borderIndex(x, width, border);
    const row = borderIndex(y, height, border);
    return column < 0 || row < 0 ? -1 : row * width + column;
  };
  const value = (at: number, c: number): number => (at < 0 ? fill[c]! : image.data[at * channels + c]!);

  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      const [sx, sy] = sourceOf(options, x, y);
      const index = y * outWidth + x;
      const nearest = locate(roundHalfEven(sx), roundHalfEven(sy));
      for (const [p, plane] of planes.entries()) {
        outPlanes[p]![index] = nearest < 0 ? (options.labelFill?.[p] ?? 0) : plane[nearest]!;
      }
      if (options.interpolation === 'nearest') {
        for (let c = 0; c < channels; c++) data[index * channels + c] = value(nearest, c);
        continue;
      }
      const left = Math.floor(sx);
      const top = Math.floor(sy);
      const alpha = fround(sx - left);
      const beta = fround(sy - top);
      const corners = [
        locate(left, top),
        locate(left + 1, top),
        locate(left, top + 1),
        locate(left + 1, top + 1),
      ];
      for (let c = 0; c < channels; c++) {
        const [p00, p01, p10, p11] = corners.map((at) => value(at, c)) as [number, number, number, number];
        const upper = fusedMultiplyAdd(alpha, p01 - p00, p00);
        const lower = fusedMultiplyAdd(alpha, p11 - p10, p10);
        data[index * channels + c] = roundHalfEven(fusedMultiplyAdd(beta, fround(lower - upper), upper));
      }
    }
  }
  return { image: { width: outWidth, height: outHeight, channels, data }, planes: outPlanes };
}
