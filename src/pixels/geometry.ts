import type { Image } from './image.ts';
import { nativePixels } from './native.ts';
import { uninitialized, uninitializedPlanes } from './memory.ts';

/** An image with the packed label planes that belong to it (`planes` may be empty), all of one size. */
export interface Raster {
  readonly image: Image;
  readonly planes: readonly Uint32Array[];
}

/** What lies outside the image, named as OpenCV's `BORDER_…`; `reflect101` does not repeat the border pixel. */
export const borderModes = ['constant', 'replicate', 'reflect', 'wrap', 'reflect101'] as const;
export type BorderMode = (typeof borderModes)[number];

export const interpolations = ['nearest', 'linear'] as const;
export type Interpolation = (typeof interpolations)[number];

/** `[a, b, c, d, e, f]`: pixel `(x, y)` goes to `(a x + b y + c, d x + e y + f)`, pixel centres at integers. */
export type AffineMatrix = readonly [number, number, number, number, number, number];

export interface WarpOptions {
  /** Source to output; the kernel samples with its inverse. A singular matrix samples the pixel at the origin. */
  readonly matrix: AffineMatrix;
  /** Output size in pixels. */
  readonly width: number;
  readonly height: number;
  /** Of the image; labels are always sampled nearest. */
  readonly interpolation: Interpolation;
  readonly border: BorderMode;
  /** Value of a constant border, 0 to 255, for all channels or one each. Labels outside are empty. */
  readonly fill: number | readonly number[];
}

interface GeometryKernels {
  warpAffine(
    source: Uint8Array,
    width: number,
    height: number,
    channels: number,
    planes: readonly Uint32Array[],
    inverse: Float64Array,
    border: number,
    fill: Uint8Array,
    linear: number,
    target: Uint8Array,
    outWidth: number,
    outHeight: number,
    outPlanes: readonly Uint32Array[],
  ): Promise<unknown>;
  flip(
    source: Uint8Array,
    width: number,
    height: number,
    channels: number,
    planes: readonly Uint32Array[],
    horizontal: number,
    target: Uint8Array,
    outPlanes: readonly Uint32Array[],
  ): Promise<unknown>;
}

/** The inverse as OpenCV computes it; zeros for a singular matrix. */
export function invertAffine([a, b, c, d, e, f]: AffineMatrix): AffineMatrix {
  const determinant = a * e - b * d;
  const scale = determinant === 0 ? 0 : 1 / determinant;
  const [ia, ib, id, ie] = [e * scale, b * -scale, d * -scale, a * scale];
  return [ia, ib, -ia * c - ib * f, id, ie, -id * c - ie * f];
}

/** Fill values of up to four channels. */
export function fillBytes(fill: number | readonly number[]): Uint8Array {
  const bytes = new Uint8ClampedArray(4);
  for (let c = 0; c < 4; c++) bytes[c] = typeof fill === 'number' ? fill : (fill[c] ?? 0);
  return new Uint8Array(bytes.buffer);
}

/**
 * Moves image and labels by one affine map, in one pass.
 *
 * The image equals OpenCV 5's `cv2.warpAffine`: coordinates and weights in float32 with fused multiply-add, as its
 * AVX2 kernels compute them (its remainder columns, and OpenCV 4's fixed-point weights, may differ by a grey level).
 */
export async function warpAffine(raster: Raster, options: WarpOptions): Promise<Raster> {
  const { image, planes } = raster;
  const { width, height } = options;
  const target = uninitialized(width * height * image.channels);
  const outPlanes = uninitializedPlanes(planes.length, width * height);
  await nativePixels<GeometryKernels>().warpAffine(
    image.data,
    image.width,
    image.height,
    image.channels,
    planes,
    Float64Array.from(invertAffine(options.matrix)),
    borderModes.indexOf(options.border),
    fillBytes(options.fill),
    options.interpolation === 'linear' ? 1 : 0,
    target,
    width,
    height,
    outPlanes,
  );
  return { image: { width, height, channels: image.channels, data: target }, planes: outPlanes };
}

/** Mirrors image and labels: `horizontal` swaps left and right, `vertical` swaps top and bottom. */
export async function flip({ image, planes }: Raster, direction: 'horizontal' | 'vertical'): Promise<Raster> {
  const { width, height, channels } = image;
  const target = uninitialized(image.data.length);
  const outPlanes = uninitializedPlanes(planes.length, width * height);
  await nativePixels<GeometryKernels>().flip(
    image.data,
    width,
    height,
    channels,
    planes,
    direction === 'horizontal' ? 1 : 0,
    target,
    outPlanes,
  );
  return { image: { width, height, channels, data: target }, planes: outPlanes };
}
