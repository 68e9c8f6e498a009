import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import type { AffineMatrix } from '../../pixels/affine.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { affineMatrix, affineMove, warpOptions } from '../affine.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import { rangeOrValue } from '../ranges.ts';

/** One range for both axes, or one each. */
function perAxis<Range extends z.ZodType>(range: Range) {
  return z.union([range, z.strictObject({ x: range, y: range })]);
}

const scale = rangeOrValue([1, 1], [0, 100]);
const shear = rangeOrValue([0, 0], [-89, 89]);
const fraction = rangeOrValue([0, 0], [-10, 10]);
const pixels = rangeOrValue([0, 0], [-65536, 65536]);

type Axes = { readonly x: readonly [number, number]; readonly y: readonly [number, number] };
function axes(value: readonly [number, number] | Axes): Axes {
  return 'x' in value ? value : { x: value, y: value };
}

/**
 * Scales, rotates and shears (degrees) about the centre and translates, by fractions of the size
 * (`translatePercent`) or by pixels (`translatePx`), not both.
 */
export const Affine = defineGeometric(
  'Affine',
  {
    /** Factors of the size. */
    scale: perAxis(scale),
    /** Fractions of the size. */
    translatePercent: perAxis(fraction.unwrap()).optional(),
    /** Pixels. */
    translatePx: perAxis(pixels.unwrap()).optional(),
    /** Degrees, counter-clockwise as seen. */
    rotate: rangeOrValue([0, 0], [-3600, 3600]),
    /** Degrees. */
    shear: perAxis(shear),
    /** Scale both axes alike. */
    keepRatio: z.boolean().default(false),
    /** Shrink as often as enlarge, however far the range reaches to either side of 1. */
    balancedScale: z.boolean().default(false),
    /** Make the output as large as what was turned, scaled and sheared needs; a translation then changes nothing. */
    fitOutput: z.boolean().default(false),
    ...warpOptions,
    p: probability(0.5),
  },
  (size, options, random) => {
    const { width, height } = size;
    const translate = { x: 0, y: 0 };
    if (options.translatePx !== undefined) {
      const { x, y } = axes(options.translatePx);
      translate.x = random.integer(Math.trunc(x[0]), Math.trunc(x[1]) + 1);
      translate.y = random.integer(Math.trunc(y[0]), Math.trunc(y[1]) + 1);
    } else if (options.translatePercent !== undefined) {
      const { x, y } = axes(options.translatePercent);
      translate.x = Math.trunc(random.uniform(...x) * width);
      translate.y = Math.trunc(random.uniform(...y) * height);
    }
    const shears = axes(options.shear);
    const shearX = -random.uniform(...shears.x);
    const shearY = -random.uniform(...shears.y);
    const scales = axes(options.scale);
    const scaleX = drawScale(scales.x, options.balancedScale, random);
    const drawnY = drawScale(scales.y, options.balancedScale, random);
    const parameters = {
      translateX: translate.x,
      translateY: translate.y,
      shearX,
      shearY,
      scaleX,
      scaleY: options.keepRatio ? scaleX : drawnY,
      rotate: random.uniform(...options.rotate),
    };
    const matrix = affineMatrix(parameters, size);
    if (!options.fitOutput) return [affineMove(matrix, size, options)];
    const fitted = fit(matrix, size);
    return [affineMove(fitted.matrix, size, options, fitted.size)];
  },
  ({ translatePercent, translatePx }) =>
    translatePercent !== undefined && translatePx !== undefined
      ? 'translatePercent and translatePx exclude each other; give one of them'
      : undefined,
);

export const affine = builderOf(Affine);

function drawScale([low, high]: readonly [number, number], balanced: boolean, random: Random): number {
  if (!balanced) return random.uniform(low, high);
  if (low < 1 && high > 1) return random.chance(0.5) ? random.uniform(low, 1) : random.uniform(1, high);
  if (low < 1) return random.uniform(low, 1);
  return high > 1 ? random.uniform(1, high) : 1;
}

/** The matrix followed by the shift that brings its image to the origin, and the image's size. */
function fit(matrix: AffineMatrix, { width, height }: ImageSize): { matrix: AffineMatrix; size: ImageSize } {
  const [a, b, c, d, e, f] = matrix;
  const corners = [[0, 0] as const, [width, 0] as const, [width, height] as const, [0, height] as const];
  const xs = corners.map(([x, y]) => a * x + b * y + c);
  const ys = corners.map(([x, y]) => d * x + e * y + f);
  const [left, top] = [Math.floor(Math.min(...xs)), Math.floor(Math.min(...ys))];
  const size = {
    width: Math.min(65536, Math.ceil(Math.max(...xs)) - left + 1),
    height: Math.min(65536, Math.ceil(Math.max(...ys)) - top + 1),
  };
  return { matrix: [a, b, c - left, d, e, f - top], size };
}
