import type { ImageSize } from './image.ts';
import { uninitializedFloats } from './memory.ts';
import { nativePixels } from './native.ts';

/** For every pixel, the column and the row that it comes from. */
export interface DenseMap {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

interface ElasticKernels {
  noiseField(seed: number, table: Float32Array, target: Float32Array): Promise<unknown>;
  elasticMaps(
    noise: Float32Array,
    fields: number,
    width: number,
    height: number,
    kernel: Float32Array,
    stride: number,
    alpha: number,
    mapX: Float32Array,
    mapY: Float32Array,
  ): Promise<unknown>;
}

/**
 * Independent values, each an entry of the table chosen by a hash of the seed and its place.
 *
 * @param seed Unsigned 32-bit integer.
 * @param table 65,536 equally likely values.
 */
export async function noiseField(seed: number, table: Float32Array, length: number): Promise<Float32Array> {
  const noise = uninitializedFloats(length);
  await nativePixels<ElasticKernels>().noiseField(seed, table, noise);
  return noise;
}

/** The kernel of `cv2.GaussianBlur` for float images: four standard deviations to either side. */
export function elasticKernel(sigma: number, taps = Math.round(sigma * 8 + 1) | 1): Float32Array {
  const weights = Array.from({ length: taps }, (_, i) =>
    Math.exp(-((i - (taps >> 1)) ** 2) / (2 * sigma * sigma)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}

/**
 * Where values are computed exactly, every so many rows and columns: the cubics between them are off by less than
 * 5e-5 of the field's own size for a spacing of a sixth of sigma.
 */
export function elasticStride(sigma: number): number {
  return Math.min(64, 2 ** Math.max(0, Math.floor(Math.log2(sigma / 6))));
}

/**
 * Shifts every pixel by `alpha` times noise that is smoothed with a Gaussian, borders repeated (Simard, Steinkraus and
 * Platt, 2003; `cv2.GaussianBlur` of a float image to about 1e-4 of what it gives).
 *
 * @param noise One value a pixel for the shift along x, then as many for that along y, or one for both. Two are
 *   smoothed as one image, the second below the first (as albumentations does), so that they meet at one edge of each.
 * @param sigma In pixels.
 * @param kernel Of the smoothing, where it is not the whole Gaussian.
 */
export async function elasticMap(
  { width, height }: ImageSize,
  noise: Float32Array,
  alpha: number,
  sigma: number,
  kernel: Float32Array = elasticKernel(sigma),
  stride = kernel.length < 8 * sigma ? 1 : elasticStride(sigma),
): Promise<DenseMap> {
  const x = uninitializedFloats(width * height);
  const y = uninitializedFloats(width * height);
  const kernels = nativePixels<ElasticKernels>();
  const fields = noise.length / (width * height);
  await kernels.elasticMaps(noise, fields, width, height, kernel, stride, alpha, x, y);
  return { x, y };
}
