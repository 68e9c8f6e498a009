import { noiseTable } from '../filters.ts';
import type { Image } from '../image.ts';
import { labToRgb, rgbToLab } from '../lab.ts';
import { roundHalfEven } from '../rounding.ts';
import { borderIndex } from '../window.ts';
import { fusedMultiplyAdd } from './rounded.ts';

const { fround } = Math;

function saturate(value: number): number {
  return Math.min(255, Math.max(0, roundHalfEven(value)));
}

/** The twin of the native `lookUpTable`. */
export function lookUpTablePlain(image: Image, table: Uint8Array): Image {
  const perChannel = table.length > 256 ? 256 : 0;
  const data = image.data.map((value, i) => table[(i % image.channels) * perChannel + value]!);
  return { ...image, data };
}

/** The twin of the native `convolve3x3`. */
export function convolve3x3Plain(image: Image, kernel: Float32Array): Image {
  const { width, height, channels, data } = image;
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < 9; k++) {
          const row = borderIndex(y + Math.floor(k / 3) - 1, height, 'reflect101');
          const column = borderIndex(x + (k % 3) - 1, width, 'reflect101');
          sum = fusedMultiplyAdd(data[(row * width + column) * channels + c]!, kernel[k]!, sum);
        }
        out[(y * width + x) * channels + c] = saturate(sum);
      }
    }
  }
  return { ...image, data: out };
}

/** The twin of the native `convolveSeparable`. */
export function convolveSeparablePlain(image: Image, kernel: Float32Array): Image {
  const { width, height, channels, data } = image;
  const radius = kernel.length >> 1;
  const rows = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < kernel.length; k++) {
          const column = borderIndex(x + k - radius, width, 'reflect101');
          sum = fusedMultiplyAdd(data[(y * width + column) * channels + c]!, kernel[k]!, sum);
        }
        rows[(y * width + x) * channels + c] = sum;
      }
    }
  }
  const out = new Uint8Array(data.length);
  const stride = width * channels;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < stride; x++) {
      let sum = fround(rows[y * stride + x]! * kernel[radius]!);
      for (let k = 1; k <= radius; k++) {
        const above = rows[borderIndex(y - k, height, 'reflect101') * stride + x]!;
        const below = rows[borderIndex(y + k, height, 'reflect101') * stride + x]!;
        sum = fusedMultiplyAdd(fround(above + below), kernel[radius + k]!, sum);
      }
      out[y * stride + x] = saturate(sum);
    }
  }
  return { ...image, data: out };
}

function equalizingTable(histogram: number[], area: number, clipLimit: number): Uint8Array {
  if (clipLimit > 0) {
    const limit = Math.max(Math.trunc((clipLimit * area) / 256), 1);
    const clipped = histogram.reduce((sum, count) => sum + Math.max(count - limit, 0), 0);
    const share = Math.trunc(clipped / 256);
    let residual = clipped - share * 256;
    const step = residual === 0 ? 256 : Math.max(Math.trunc(256 / residual), 1);
    for (let i = 0; i < 256; i++) histogram[i] = Math.min(histogram[i]!, limit) + share;
    for (let i = 0; i < 256 && residual > 0; i += step, residual--) histogram[i]!++;
  }
  const scale = fround(255 / fround(area));
  let sum = 0;
  return Uint8Array.from(histogram, (count) => saturate(fround(fround((sum += count)) * scale)));
}

/** The twin of the native `clahe`. */
export function claheGreyPlain(
  grey: Uint8Array,
  width: number,
  height: number,
  clipLimit: number,
  tilesX: number,
  tilesY: number,
): Uint8Array {
  const divisible = width % tilesX === 0 && height % tilesY === 0;
  const tileWidth = (divisible ? width : width + tilesX - (width % tilesX)) / tilesX;
  const tileHeight = (divisible ? height : height + tilesY - (height % tilesY)) / tilesY;
  const tables = Array.from({ length: tilesX * tilesY }, (_, tile) => {
    const histogram = new Array<number>(256).fill(0);
    for (let j = 0; j < tileHeight; j++) {
      const y = borderIndex(Math.floor(tile / tilesX) * tileHeight + j, height, 'reflect101');
      for (let i = 0; i < tileWidth; i++) {
        const x = borderIndex((tile % tilesX) * tileWidth + i, width, 'reflect101');
        histogram[grey[y * width + x]!]!++;
      }
    }
    return equalizingTable(histogram, tileWidth * tileHeight, clipLimit);
  });

  const along = (position: number, tileSize: number, tiles: number) => {
    const tile = fround(fround(position * fround(1 / fround(tileSize))) - 0.5);
    const first = Math.floor(tile);
    const weight = fround(tile - first);
    return {
      first: Math.max(first, 0),
      second: Math.min(first + 1, tiles - 1),
      weight,
      rest: fround(1 - weight),
    };
  };
  const out = new Uint8Array(grey.length);
  for (let y = 0; y < height; y++) {
    const v = along(y, tileHeight, tilesY);
    for (let x = 0; x < width; x++) {
      const h = along(x, tileWidth, tilesX);
      const value = grey[y * width + x]!;
      const blend = (row: number): number =>
        fround(
          fround(tables[row * tilesX + h.first]![value]! * h.rest) +
            fround(tables[row * tilesX + h.second]![value]! * h.weight),
        );
      out[y * width + x] = saturate(
        fround(fround(blend(v.first) * v.rest) + fround(blend(v.second) * v.weight)),
      );
    }
  }
  return out;
}

/** The twin of the native `claheRgb`. */
export function claheRgbPlain(
  { data, width, height }: Image,
  clipLimit: number,
  tilesX: number,
  tilesY: number,
): Image {
  const lab = Array.from({ length: width * height }, (_, i) =>
    rgbToLab([data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!]),
  );
  const lightness = Uint8Array.from(lab, ([value]) => value);
  const equalized = claheGreyPlain(lightness, width, height, clipLimit, tilesX, tilesY);
  const rgb = lab.flatMap(([, a, b], i) => labToRgb([equalized[i]!, a, b]));
  return { width, height, channels: 3, data: Uint8Array.from(rgb) };
}

/** The twin of the native `addNoise`. */
export function addNormalNoisePlain(
  image: Image,
  options: {
    readonly seed: number;
    readonly mean: number;
    readonly standardDeviation: number;
    readonly shared: boolean;
  },
): Image {
  const noise = noiseTable(options.mean, options.standardDeviation);
  const data = image.data.map((value, i) => {
    const place = options.shared ? Math.floor(i / image.channels) : i;
    let h = (Math.imul(place, 0x9e3779b9) + options.seed) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    return Math.trunc(Math.min(255, Math.max(0, fround(value + noise[h >>> 16]!))));
  });
  return { ...image, data };
}
