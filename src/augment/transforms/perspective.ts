import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import type { ImageSize } from '../../pixels/image.ts';
import type { PerspectiveMatrix } from '../../pixels/warp.ts';
import type { WarpOptions } from '../affine.ts';
import { warpMove, warpOptions } from '../affine.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import type { Move } from '../move.ts';
import type { Point, Quadrilateral } from '../perspectiveMatrix.ts';
import { invertPerspective, mapPoint, perspectiveBetween, perspectiveProduct } from '../perspectiveMatrix.ts';
import { rangeFrom } from '../ranges.ts';

/**
 * Stretches a quadrilateral, whose corners lie within a normal deviate of `scale` (a fraction of the sides) of the
 * image's, to the whole image. As in albumentations 2.0.8, `keepSize` then enlarges what a smaller output would have
 * been, about the upper left corner.
 */
export const Perspective = defineGeometric(
  'Perspective',
  {
    scale: rangeFrom(0, [0.05, 0.1], [0, 10]),
    /** Keep the image's size, instead of the quadrilateral's. */
    keepSize: z.boolean().default(true),
    /** Show all of the image, instead of the quadrilateral alone. */
    fitOutput: z.boolean().default(false),
    ...warpOptions,
    p: probability(0.5),
  },
  (size, options, random) => {
    const corners = randomCorners(size, random.uniform(...options.scale), random);
    return [perspectiveMove(corners, size, options)];
  },
);

export const perspective = builderOf(Perspective);

interface PerspectiveOptions extends WarpOptions {
  readonly keepSize: boolean;
  readonly fitOutput: boolean;
}

/** What Perspective does once the corners of the quadrilateral are drawn, in pixels and in any order. */
export function perspectiveMove(
  corners: readonly Point[],
  size: ImageSize,
  options: PerspectiveOptions,
): Move {
  const quadrilateral = ordered(corners);
  const stretched = options.fitOutput ? fitted(quadrilateral, size) : cut(quadrilateral, size);
  const { width, height } = stretched;
  if (!options.keepSize) {
    const inverse = invertPerspective(stretched.matrix);
    return warpMove({ kind: 'perspective', matrix: inverse }, size, options, { width, height });
  }
  const enlarge = [size.width / width, 0, 0, 0, size.height / height, 0, 0, 0, 1] as const;
  const matrix = invertPerspective(perspectiveProduct(enlarge, stretched.matrix));
  return warpMove({ kind: 'perspective', matrix }, size, options);
}

const { fround } = Math;

/** From the upper left, clockwise; each within 0.32 of the side from its corner. */
function randomCorners({ width, height }: ImageSize, scale: number, random: Random): Point[] {
  const jitter = (): number => Math.abs(random.normal(0, scale)) % 0.32;
  const corners = Array.from({ length: 4 }, (): Point => [jitter(), jitter()]);
  const [a, b, c, d] = corners as [Point, Point, Point, Point];
  const unit: Point[] = [a, [1 - b[0], b[1]], [1 - c[0], 1 - c[1]], [d[0], 1 - d[1]]];
  return unit.map(([x, y]) => [x * width, y * height]);
}

/** In float32, the left two of the points, then the right two, each with the upper one first, as upper left … lower left. */
function ordered(points: readonly Point[]): Quadrilateral {
  const rounded = points.map(([x, y]): Point => [fround(x), fround(y)]);
  const [a, b, c, d] = rounded.sort((p, q) => p[0] - q[0]) as [Point, Point, Point, Point];
  const [topLeft, bottomLeft] = a[1] < b[1] ? [a, b] : [b, a];
  const [topRight, bottomRight] = c[1] < d[1] ? [c, d] : [d, c];
  return [topLeft, topRight, bottomRight, bottomLeft];
}

interface Stretched extends ImageSize {
  /** From source to output. */
  readonly matrix: PerspectiveMatrix;
}

function rectangle({ width, height }: ImageSize): Quadrilateral {
  return [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ];
}

function cut(corners: Quadrilateral, size: ImageSize): Stretched {
  const [topLeft, topRight, bottomRight, bottomLeft] = corners;
  const distance = (p: Point, q: Point): number => Math.max(2, Math.hypot(p[0] - q[0], p[1] - q[1]));
  return {
    matrix: perspectiveBetween(corners, rectangle(size)),
    width: Math.trunc(Math.max(distance(topRight, topLeft), distance(bottomRight, bottomLeft))),
    height: Math.trunc(Math.max(distance(bottomRight, topRight), distance(bottomLeft, topLeft))),
  };
}

/** Largest side of an output that a corner far away asks for, pixels. */
const largest = 16_384;

function fitted(corners: Quadrilateral, size: ImageSize): Stretched {
  const matrix = perspectiveBetween(corners, rectangle(size));
  const mapped = rectangle(size).map((corner) => mapPoint(matrix, corner).map(fround) as unknown as Point);
  const left = Math.min(...mapped.map(([x]) => x));
  const top = Math.min(...mapped.map(([, y]) => y));
  const moved = mapped.map(([x, y]): Point => [Math.round(fround(x - left)), Math.round(fround(y - top))]);
  const side = (values: number[]): number => Math.min(largest, Math.max(1, ...values));
  return {
    matrix: perspectiveBetween(rectangle(size), moved as unknown as Quadrilateral),
    width: side(moved.map(([x]) => x)),
    height: side(moved.map(([, y]) => y)),
  };
}
