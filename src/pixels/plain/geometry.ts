import type { Raster, WarpOptions } from '../geometry.ts';
import { fillBytes, invertAffine } from '../geometry.ts';
import { roundHalfEven } from '../rounding.ts';
import { borderIndex } from '../window.ts';

const { fround } = Math;

/** `a * b + c` in float32, rounded once but for ties at double precision. */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  return fround(a * b + c);
}

/** The twin of the native `warpAffine`, pixel by pixel. */
export function warpAffinePlain({ image, planes }: Raster, options: WarpOptions): Raster {
  const { width: outWidth, height: outHeight, border } = options;
  const { width, height, channels } = image;
  const m = invertAffine(options.matrix).map(fround) as [number, number, number, number, number, number];
  const fill = fillBytes(options.fill);
  const data = new Uint8Array(outWidth * outHeight * channels);
  const outPlanes = planes.map(() => new Uint32Array(outWidth * outHeight));
  const locate = (x: number, y: number): number => {
    const column = borderIndex(x, width, border);
    const row = borderIndex(y, height, border);
    return column < 0 || row < 0 ? -1 : row * width + column;
  };
  const value = (at: number, c: number): number => (at < 0 ? fill[c]! : image.data[at * channels + c]!);

  for (let y = 0; y < outHeight; y++) {
    const rowX = fround(fround(y * m[1]) + m[2]);
    const rowY = fround(fround(y * m[4]) + m[5]);
    for (let x = 0; x < outWidth; x++) {
      const sx = fusedMultiplyAdd(x, m[0], rowX);
      const sy = fusedMultiplyAdd(x, m[3], rowY);
      const index = y * outWidth + x;
      const nearest = locate(roundHalfEven(sx), roundHalfEven(sy));
      for (const [p, plane] of planes.entries()) outPlanes[p]![index] = nearest < 0 ? 0 : plane[nearest]!;
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

/** The twin of the native `flip`. */
export function flipPlain({ image, planes }: Raster, direction: 'horizontal' | 'vertical'): Raster {
  const { width, height, channels } = image;
  const data = new Uint8Array(image.data.length);
  const outPlanes = planes.map((plane) => new Uint32Array(plane.length));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = direction === 'horizontal' ? y * width + (width - 1 - x) : (height - 1 - y) * width + x;
      const to = y * width + x;
      for (let c = 0; c < channels; c++) data[to * channels + c] = image.data[from * channels + c]!;
      for (const [p, plane] of planes.entries()) outPlanes[p]![to] = plane[from]!;
    }
  }
  return { image: { width, height, channels, data }, planes: outPlanes };
}
