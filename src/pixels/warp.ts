import type { AffineMatrix } from './affine.ts';
import type { BorderMode, Interpolation, Raster } from './geometry.ts';
import { borderModes, fillBytes } from './geometry.ts';
import type { ImageSize } from './image.ts';
import { uninitialized, uninitializedPlanes } from './memory.ts';
import { nativePixels } from './native.ts';

/** Nine numbers of a projective map, row by row: `(x, y)` goes to `((a x + b y + c) / w, (d x + e y + f) / w)`. */
export type PerspectiveMatrix = readonly [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

/**
 * From pixels of an image towards the pixels it is made of, centres at integers.
 *
 * - `affine`, `perspective`: the matrix from output to source.
 * - `separable`: for every output column its source column, for every output row its source row.
 * - `radial`: `d` from `centre` comes from `d (1 + k1 r + k2 r²)` from `sourceCentre`, `r` being the square of `d` in
 *   units of `unit` pixels.
 * - `dense`: for every output pixel its source column and row (`cv2.remap`'s maps).
 */
export type WarpMap =
  | { readonly kind: 'affine'; readonly matrix: AffineMatrix }
  | { readonly kind: 'perspective'; readonly matrix: PerspectiveMatrix }
  | { readonly kind: 'separable'; readonly x: Float32Array; readonly y: Float32Array }
  | {
      readonly kind: 'radial';
      readonly centre: readonly [x: number, y: number];
      readonly sourceCentre: readonly [x: number, y: number];
      readonly unit: readonly [x: number, y: number];
      readonly coefficients: readonly [k1: number, k2: number];
    }
  | { readonly kind: 'dense'; readonly x: Float32Array; readonly y: Float32Array };

/** A map, and the size of the image that it leads to. */
export interface WarpStep extends ImageSize {
  readonly map: WarpMap;
  /**
   * What a coordinate outside of that image stands for, before the next step; `none` leaves it to the next step or,
   * after the last one, to the border of the whole warp.
   */
  readonly fold: BorderMode | 'none';
}

export interface Warp extends ImageSize {
  /** From the output to the source; at least one. */
  readonly steps: readonly WarpStep[];
  /** Of the image; labels are always sampled nearest. */
  readonly interpolation: Interpolation;
  readonly border: BorderMode;
  /** Value of a constant border, 0 to 255, for all channels or one each. */
  readonly fill: number | readonly number[];
  /** Bits of a constant border in each label plane; default none. */
  readonly labelFill?: readonly number[] | undefined;
}

const kinds = ['affine', 'perspective', 'separable', 'radial', 'dense'] as const;
const noMap = new Float32Array(0);

type NativeStep = readonly [
  kind: number,
  fold: number,
  width: number,
  height: number,
  values: Float64Array,
  mapX: Float32Array,
  mapY: Float32Array,
];

interface WarpKernels {
  warp(
    source: Uint8Array,
    width: number,
    height: number,
    channels: number,
    planes: readonly Uint32Array[],
    steps: readonly NativeStep[],
    border: number,
    fill: Uint8Array,
    linear: number,
    target: Uint8Array,
    outWidth: number,
    outHeight: number,
    outPlanes: readonly Uint32Array[],
    labelFill: Uint32Array,
  ): Promise<unknown>;
}

/** The numbers of a map without tables; a radial one's as centre, reciprocal units, coefficients, source's centre. */
export function mapValues(map: WarpMap): Float64Array {
  switch (map.kind) {
    case 'affine':
    case 'perspective':
      return Float64Array.from(map.matrix);
    case 'radial':
      return Float64Array.of(
        ...map.centre,
        1 / map.unit[0],
        1 / map.unit[1],
        ...map.coefficients,
        ...map.sourceCentre,
      );
    default:
      return new Float64Array(0);
  }
}

function nativeStep({ map, fold, width, height }: WarpStep): NativeStep {
  const tables = map.kind === 'separable' || map.kind === 'dense';
  return [
    kinds.indexOf(map.kind),
    fold === 'none' ? -1 : borderModes.indexOf(fold),
    width,
    height,
    mapValues(map),
    tables ? map.x : noMap,
    tables ? map.y : noMap,
  ];
}

/**
 * Gathers image and labels by a map of one or several steps, in one pass.
 *
 * With one step the image equals OpenCV 5's `cv2.warpAffine`, `cv2.warpPerspective` or `cv2.remap`: coordinates and
 * weights in float32 with fused multiply-add, as its AVX2 kernels compute them (its remainder columns, and OpenCV 4's
 * fixed-point weights, may differ by a grey level). Between steps nothing is rounded or interpolated but tables,
 * linearly. The last step must lead to an image of the raster's size.
 */
export async function warp(raster: Raster, options: Warp): Promise<Raster> {
  const { image, planes } = raster;
  const { width, height } = options;
  const target = uninitialized(width * height * image.channels);
  const outPlanes = uninitializedPlanes(planes.length, width * height);
  await nativePixels<WarpKernels>().warp(
    image.data,
    image.width,
    image.height,
    image.channels,
    planes,
    options.steps.map(nativeStep),
    borderModes.indexOf(options.border),
    fillBytes(options.fill, image.channels),
    options.interpolation === 'linear' ? 1 : 0,
    target,
    width,
    height,
    outPlanes,
    Uint32Array.from(planes, (_, p) => options.labelFill?.[p] ?? 0),
  );
  return { image: { width, height, channels: image.channels, data: target }, planes: outPlanes };
}
