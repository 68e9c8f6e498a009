import { lookUpTable } from '../../pixels/filters.ts';
import { builderOf, defineTransform, probability } from '../definition.ts';
import { rangeFrom } from '../ranges.ts';
import { withImage } from '../sample.ts';

/** Raises values, scaled to 0..1, to the power `gamma / 100` with gamma drawn from the limit. */
export const RandomGamma = defineTransform(
  'RandomGamma',
  { gammaLimit: rangeFrom(1, [80, 120], [1, 10_000]), p: probability(0.5) },
  async (sample, options, random) => {
    const gamma = random.uniform(...options.gammaLimit) / 100;
    return withImage(sample, await lookUpTable(sample.image, gammaTable(gamma)));
  },
);

export const randomGamma = builderOf(RandomGamma);

function gammaTable(gamma: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, value) =>
    Math.min(255, Math.trunc(Math.pow(value * (1 / 255), gamma) * 255)),
  );
}
