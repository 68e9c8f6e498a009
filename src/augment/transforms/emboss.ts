import { convolve3x3 } from '../../pixels/filters.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { range } from '../ranges.ts';
import { withImage } from '../sample.ts';

/** Embosses from the top left, blended with the image by `alpha`. */
export const Emboss = defineTransform(
  'Emboss',
  { alpha: range([0.2, 0.5], [0, 1]), strength: range([0.2, 0.7], [0, 100]), p: probability(0.5) },
  async (sample, options, random) => {
    const alpha = random.uniform(...options.alpha);
    const s = random.uniform(...options.strength);
    const effect = [-1 - s, -s, 0, -s, 1, s, 0, s, 1 + s];
    return withImage(sample, await convolve3x3(sample.image, blendedKernel(alpha, effect)));
  },
);

export const emboss = builderOf(Emboss);

/** `(1 - alpha) * identity + alpha * effect`, each step rounded to float32 as NumPy does. */
export function blendedKernel(alpha: number, effect: readonly number[]): Float32Array {
  const { fround } = Math;
  return Float32Array.from(effect, (value, i) =>
    fround(fround(fround(1 - alpha) * (i === 4 ? 1 : 0)) + fround(fround(alpha) * fround(value))),
  );
}
