import { z } from 'zod';
import { lookUpTable } from '../../pixels/filters.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { symmetricRange } from '../ranges.ts';
import { withImage } from '../sample.ts';

/**
 * Multiplies values by `1 + contrast` and adds `brightness`, of 255 (`brightnessByMax`) or of the image's mean;
 * clipped to 0..255, fractions dropped.
 */
export const RandomBrightnessContrast = defineTransform(
  'RandomBrightnessContrast',
  {
    brightnessLimit: symmetricRange([-0.2, 0.2], [-10, 10]),
    contrastLimit: symmetricRange([-0.2, 0.2], [-10, 10]),
    brightnessByMax: z.boolean().default(true),
    p: probability(0.5),
  },
  async (sample, options, random) => {
    const alpha = 1 + random.uniform(...options.contrastLimit);
    const brightness = random.uniform(...options.brightnessLimit);
    const beta = brightness * (options.brightnessByMax ? 255 : meanOf(sample.image.data));
    return withImage(sample, await lookUpTable(sample.image, brightnessContrastTable(alpha, beta)));
  },
);

export const randomBrightnessContrast = builderOf(RandomBrightnessContrast);

/** `clip(value * alpha + beta)` in float32, as albucore's `multiply_add_lut` computes it. */
function brightnessContrastTable(alpha: number, beta: number): Uint8Array {
  const [a, b] = [Math.fround(alpha), Math.fround(beta)];
  return Uint8Array.from({ length: 256 }, (_, value) =>
    Math.trunc(Math.min(255, Math.max(0, Math.fround(Math.fround(value * a) + b)))),
  );
}

function meanOf(values: Uint8Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
