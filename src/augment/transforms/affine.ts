import { z } from 'zod';
import { warpOptions, warpSample } from '../affine.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
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
export const Affine = defineTransform(
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
    ...warpOptions,
    p: probability(0.5),
  },
  async (sample, options, random) => {
    const { width, height } = sample.image;
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
    const scaleX = random.uniform(...scales.x);
    const drawnY = random.uniform(...scales.y);
    const parameters = {
      translateX: translate.x,
      translateY: translate.y,
      shearX,
      shearY,
      scaleX,
      scaleY: options.keepRatio ? scaleX : drawnY,
      rotate: random.uniform(...options.rotate),
    };
    return warpSample(sample, parameters, options);
  },
  ({ translatePercent, translatePx }) =>
    translatePercent !== undefined && translatePx !== undefined
      ? 'translatePercent and translatePx exclude each other; give one of them'
      : undefined,
);

export const affine = builderOf(Affine);
