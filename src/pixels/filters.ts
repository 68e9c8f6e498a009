import type { Image } from './image.ts';
import { labTables } from './lab.ts';
import { uninitialized } from './memory.ts';
import { nativePixels } from './native.ts';
import { normalQuantiles } from './normal.ts';

interface FilterKernels {
  lookUpTable(source: Uint8Array, channels: number, table: Uint8Array, target: Uint8Array): Promise<unknown>;
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

/** Replaces every value by its entry in a table of 256, or in one table for each channel, one after the other. */
export async function lookUpTable(image: Image, table: Uint8Array): Promise<Image> {
  const data = uninitialized(image.data.length);
  await nativePixels<FilterKernels>().lookUpTable(image.data, image.channels, table, data);
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
