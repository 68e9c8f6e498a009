import type { Image } from './image.ts';
import { labTables } from './lab.ts';
import { uninitialized } from './memory.ts';
import { nativePixels } from './native.ts';

interface FilterKernels {
  lookUpTable(source: Uint8Array, table: Uint8Array, target: Uint8Array): Promise<unknown>;
  convolve3x3(
    source: Uint8Array,
    width: number,
    height: number,
    channels: number,
    kernel: Float32Array,
    target: Uint8Array,
  ): Promise<unknown>;
  convolveSeparable(
    source: Uint8Array,
    width: number,
    height: number,
    channels: number,
    kernel: Float32Array,
    target: Uint8Array,
  ): Promise<unknown>;
  claheGrey(
    grey: Uint8Array,
    width: number,
    height: number,
    clipLimit: number,
    tilesX: number,
    tilesY: number,
    target: Uint8Array,
  ): Promise<unknown>;
  claheRgb(
    source: Uint8Array,
    width: number,
    height: number,
    clipLimit: number,
    tilesX: number,
    tilesY: number,
    tables: Int32Array,
    target: Uint8Array,
  ): Promise<unknown>;
  addNoise(
    source: Uint8Array,
    channels: number,
    shared: number,
    seed: number,
    noise: Float32Array,
    target: Uint8Array,
  ): Promise<unknown>;
}

/** Replaces every value by its entry in a table of 256. */
export async function lookUpTable(image: Image, table: Uint8Array): Promise<Image> {
  const data = uninitialized(image.data.length);
  await nativePixels<FilterKernels>().lookUpTable(image.data, table, data);
  return { ...image, data };
}

/**
 * Correlates each channel with a 3×3 kernel (row-major), borders mirrored (`reflect101`), rounded half to even;
 * equal to `cv2.filter2D` with a float32 kernel.
 */
export function convolve3x3(image: Image, kernel: Float32Array): Promise<Image> {
  return convolve('convolve3x3', image, kernel);
}

/**
 * Convolves along rows, then along columns, with one odd symmetric kernel; borders mirrored (`reflect101`), float32
 * in between. Equal to `cv2.sepFilter2D` up to one grey level in one pixel out of a million: OpenCV sums a row's
 * remainder in another order.
 */
export function convolveSeparable(image: Image, kernel: Float32Array): Promise<Image> {
  return convolve('convolveSeparable', image, kernel);
}

async function convolve(
  name: 'convolve3x3' | 'convolveSeparable',
  image: Image,
  kernel: Float32Array,
): Promise<Image> {
  const { width, height, channels } = image;
  const data = uninitialized(image.data.length);
  await nativePixels<FilterKernels>()[name](image.data, width, height, channels, kernel, data);
  return { ...image, data };
}

/**
 * Contrast-limited adaptive histogram equalization (Zuiderveld, Graphics Gems IV, 1994) of a grey image, equal to
 * `cv2.createCLAHE(clipLimit, (tilesX, tilesY)).apply`.
 *
 * @param clipLimit Times the mean histogram count of a tile; 0 does not clip.
 */
export async function claheGrey(
  grey: Uint8Array,
  width: number,
  height: number,
  clipLimit: number,
  tilesX: number,
  tilesY: number,
): Promise<Uint8Array> {
  const data = uninitialized(grey.length);
  await nativePixels<FilterKernels>().claheGrey(grey, width, height, clipLimit, tilesX, tilesY, data);
  return data;
}

/**
 * CLAHE of the lightness of an RGB image, as albumentations does: to 8-bit Lab, equalize L, back. Grey values
 * repeated over the channels come back with differences of up to a grey level between channels, as in OpenCV.
 */
export async function claheRgb(
  { data, width, height }: Image,
  clipLimit: number,
  tilesX: number,
  tilesY: number,
): Promise<Image> {
  const target = uninitialized(data.length);
  await nativePixels<FilterKernels>().claheRgb(
    data,
    width,
    height,
    clipLimit,
    tilesX,
    tilesY,
    labTables(),
    target,
  );
  return { width, height, channels: 3, data: target };
}

let quantiles: Float64Array | undefined;

/** The standard normal distribution in 65,536 equally likely values. */
function normalQuantiles(): Float64Array {
  quantiles ??= Float64Array.from({ length: 65536 }, (_, i) => normalQuantile((i + 0.5) / 65536));
  return quantiles;
}

/** Acklam's rational approximation of the normal quantile, relative error below 1.2e-9. */
function normalQuantile(p: number): number {
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716];
  const b = [
    -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572,
  ];
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const horner = (coefficients: readonly number[], x: number): number =>
    coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return horner([...c, 4.374664141464968, 2.938163982698783], q) / horner([...d, 1], q);
  }
  const q = p - 0.5;
  const r = q * q;
  return (q * horner([...a, 2.506628277459239], r)) / horner([...b, 1], r);
}

/**
 * Adds normal noise to every value (or, `shared`, the same to all channels of a pixel), clips to 0..255 and drops
 * the fraction, as albumentations does. The noise of a value depends on the seed and its place only.
 *
 * @param seed Unsigned 32-bit integer.
 * @param mean In grey levels.
 * @param standardDeviation In grey levels.
 */
export async function addNormalNoise(
  image: Image,
  options: {
    readonly seed: number;
    readonly mean: number;
    readonly standardDeviation: number;
    readonly shared: boolean;
  },
): Promise<Image> {
  const data = uninitialized(image.data.length);
  const noise = noiseTable(options.mean, options.standardDeviation);
  await nativePixels<FilterKernels>().addNoise(
    image.data,
    image.channels,
    options.shared ? 1 : 0,
    options.seed,
    noise,
    data,
  );
  return { ...image, data };
}

export function noiseTable(mean: number, standardDeviation: number): Float32Array {
  const normal = normalQuantiles();
  const table = new Float32Array(normal.length);
  for (let i = 0; i < table.length; i++) table[i] = mean + standardDeviation * normal[i]!;
  return table;
}
