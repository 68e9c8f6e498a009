import type { AffineMatrix } from './affine.ts';
import type { Raster } from './geometry.ts';
import type { ImageSize } from './image.ts';
import { uninitialized, uninitializedPlanes } from './memory.ts';
import { nativePixels } from './native.ts';

/**
 * One of the eight symmetries of a rectangle, as the source of an output pixel `(x, y)`: `(x, y)` or, transposed,
 * `(y, x)`, then counted from the other end along x or y of the source.
 */
export interface Symmetry {
  readonly transpose: boolean;
  readonly mirrorX: boolean;
  readonly mirrorY: boolean;
}

function symmetry(transpose: boolean, mirrorX: boolean, mirrorY: boolean): Symmetry {
  return { transpose, mirrorX, mirrorY };
}

/** By albumentations' names: quarter turns are counter-clockwise, `hvt` mirrors at the other diagonal. */
export const symmetries = {
  e: symmetry(false, false, false),
  r90: symmetry(true, true, false),
  r180: symmetry(false, true, true),
  r270: symmetry(true, false, true),
  v: symmetry(false, false, true),
  hvt: symmetry(true, true, true),
  h: symmetry(false, true, false),
  t: symmetry(true, false, false),
} as const satisfies Readonly<Record<string, Symmetry>>;

/** The symmetry that does `second` after `first`. */
export function symmetryProduct(second: Symmetry, first: Symmetry): Symmetry {
  const [x, y] = first.transpose ? [second.mirrorY, second.mirrorX] : [second.mirrorX, second.mirrorY];
  return {
    transpose: first.transpose !== second.transpose,
    mirrorX: first.mirrorX !== x,
    mirrorY: first.mirrorY !== y,
  };
}

/** Size of what a symmetry makes of an image. */
export function reorientedSize({ width, height }: ImageSize, { transpose }: Symmetry): ImageSize {
  return transpose ? { width: height, height: width } : { width, height };
}

/** From output to source pixels, for a source of this size. */
export function symmetryMatrix(
  { transpose, mirrorX, mirrorY }: Symmetry,
  { width, height }: ImageSize,
): AffineMatrix {
  const signX = mirrorX ? -1 : 1;
  const signY = mirrorY ? -1 : 1;
  const startX = mirrorX ? width - 1 : 0;
  const startY = mirrorY ? height - 1 : 0;
  return transpose ? [0, signX, startX, signY, 0, startY] : [signX, 0, startX, 0, signY, startY];
}

interface SymmetryKernels {
  reorient(
    source: Uint8Array,
    width: number,
    height: number,
    channels: number,
    planes: readonly Uint32Array[],
    transpose: boolean,
    mirrorX: boolean,
    mirrorY: boolean,
    target: Uint8Array,
    outPlanes: readonly Uint32Array[],
  ): Promise<unknown>;
}

/** Mirrors, turns or transposes image and labels. */
export async function reorient({ image, planes }: Raster, by: Symmetry): Promise<Raster> {
  const { channels } = image;
  const data = uninitialized(image.data.length);
  const outPlanes = uninitializedPlanes(planes.length, image.width * image.height);
  await nativePixels<SymmetryKernels>().reorient(
    image.data,
    image.width,
    image.height,
    channels,
    planes,
    by.transpose,
    by.mirrorX,
    by.mirrorY,
    data,
    outPlanes,
  );
  return { image: { ...reorientedSize(image, by), channels, data }, planes: outPlanes };
}
