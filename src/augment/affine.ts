import { z } from 'zod';
import type { Sample } from '../data/dataset.ts';
import type { AffineMatrix } from '../pixels/affine.ts';
import { invertAffine } from '../pixels/affine.ts';
import { borderModes, interpolations } from '../pixels/geometry.ts';
import type { ImageSize } from '../pixels/image.ts';
import type { WarpMap, WarpStep } from '../pixels/warp.ts';
import { fillMask } from './fillMask.ts';
import type { Move } from './move.ts';
import { doMoves } from './move.ts';
import { fill } from './ranges.ts';
import { rasterOf, sampleOf } from './sample.ts';

/** Options that all warps share. Labels are sampled nearest. */
export const warpOptions = {
  /** How the image is sampled; labels always nearest. */
  interpolation: z.enum(interpolations).default('linear'),
  /** What lies beyond the edge, as OpenCV names it. */
  borderMode: z.enum(borderModes).default('constant'),
  fill,
  /** Labels beyond a constant border: 0 for none, or `unknown`, which no loss looks at. */
  fillMask,
};

export interface AffineParameters {
  /** Degrees, counter-clockwise as seen. */
  readonly rotate: number;
  readonly scaleX: number;
  readonly scaleY: number;
  /** Pixels. */
  readonly translateX: number;
  readonly translateY: number;
  /** Degrees. */
  readonly shearX: number;
  readonly shearY: number;
}

export const identity: AffineParameters = {
  rotate: 0,
  scaleX: 1,
  scaleY: 1,
  translateX: 0,
  translateY: 0,
  shearX: 0,
  shearY: 0,
};

type Matrix3 = readonly (readonly [number, number, number])[];

function product(a: Matrix3, b: Matrix3): Matrix3 {
  return a.map(
    (row) =>
      [0, 1, 2].map((j) => row[0] * b[0]![j]! + row[1] * b[1]![j]! + row[2] * b[2]![j]!) as [
        number,
        number,
        number,
      ],
  );
}

/**
 * Scale, then rotate, then shear, then translate, about the centre of the image: the product that albumentations'
 * `create_affine_transformation_matrix` forms, in its order.
 */
export function affineMatrix(parameters: AffineParameters, { width, height }: ImageSize): AffineMatrix {
  const [cx, cy] = [width / 2 - 0.5, height / 2 - 0.5];
  const degree = Math.PI / 180;
  const angle = (((parameters.rotate % 360) + 360) % 360) * degree;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const { scaleX, scaleY, translateX, translateY, shearX, shearY } = parameters;
  const factors: Matrix3[] = [
    [
      [1, 0, cx],
      [0, 1, cy],
      [0, 0, 1],
    ],
    [
      [1, 0, translateX],
      [0, 1, translateY],
      [0, 0, 1],
    ],
    [
      [1, Math.tan(shearX * degree), 0],
      [Math.tan(shearY * degree), 1, 0],
      [0, 0, 1],
    ],
    [
      [cos, sin, 0],
      [-sin, cos, 0],
      [0, 0, 1],
    ],
    [
      [scaleX, 0, 0],
      [0, scaleY, 0],
      [0, 0, 1],
    ],
    [
      [1, 0, -cx],
      [0, 1, -cy],
      [0, 0, 1],
    ],
  ];
  const [top, bottom] = factors.reduce(product);
  return [...top!, ...bottom!];
}

export type WarpOptions = z.output<z.ZodObject<typeof warpOptions>>;

/** Image and labels through one map, at a size of their own if need be. */
export function warpMove(map: WarpMap, from: ImageSize, options: WarpOptions, to: ImageSize = from): Move {
  const step: WarpStep = { map, width: from.width, height: from.height, fold: 'none' };
  const { interpolation, borderMode: border, fill, fillMask } = options;
  const { width, height } = to;
  return { kind: 'warp', warp: { width, height, steps: [step], interpolation, border, fill }, fillMask };
}

/** As `warpMove`, by a matrix from source to output; a singular one samples the pixel at the origin. */
export function affineMove(
  matrix: AffineMatrix,
  from: ImageSize,
  options: WarpOptions,
  to: ImageSize = from,
): Move {
  return warpMove({ kind: 'affine', matrix: invertAffine(matrix) }, from, options, to);
}

/** Warps image and labels at their own size. */
export async function warpSample(
  sample: Sample,
  parameters: AffineParameters,
  options: WarpOptions,
): Promise<Sample> {
  const matrix = affineMatrix(parameters, sample.image);
  return sampleOf(await doMoves(rasterOf(sample), [affineMove(matrix, sample.image, options)]), sample);
}
