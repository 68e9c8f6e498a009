import { z } from 'zod';
import type { Random } from '../../core/random.ts';
import { elasticKernel, elasticMap, noiseField } from '../../pixels/elastic.ts';
import { release } from '../../pixels/memory.ts';
import { normalQuantile, normalQuantiles } from '../../pixels/normal.ts';
import { warpMove, warpOptions } from '../affine.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';

const distributions = ['gaussian', 'uniform'] as const;

/**
 * Shifts every pixel by smoothed noise (Simard, Steinkraus and Platt, 2003): values from -1 to 1, smoothed by a
 * Gaussian of `sigma` pixels, times `alpha`. Noise beyond the edges repeats that at them, as in albumentations, so that
 * edges move most.
 */
export const ElasticTransform = defineGeometric(
  'ElasticTransform',
  {
    alpha: z.number().min(0).max(1e6).default(1),
    /** Pixels. */
    sigma: z.number().min(1).max(500).default(50),
    /** Smooth with 17 weights only, whatever sigma. */
    approximate: z.boolean().default(false),
    /** Shift as far along y as along x. */
    sameDxdy: z.boolean().default(false),
    /** Of the noise; a Gaussian one is divided by its largest value. */
    noiseDistribution: z.enum(distributions).default('gaussian'),
    ...warpOptions,
    p: probability(0.5),
  },
  async (size, options, random) => {
    const { alpha, sigma, approximate, sameDxdy, noiseDistribution } = options;
    const count = (sameDxdy ? 1 : 2) * size.width * size.height;
    const noise = await noiseField(random.bits(), tables[noiseDistribution](), count);
    const largest = noiseDistribution === 'gaussian' ? largestOf(count, random) : 1;
    const kernel = elasticKernel(sigma, approximate ? 17 : undefined);
    const map = await elasticMap(size, noise, alpha / largest, sigma, kernel);
    release([noise]);
    return [warpMove({ kind: 'dense', ...map }, size, options)];
  },
);

export const elasticTransform = builderOf(ElasticTransform);

let gaussian: Float32Array | undefined;
let uniform: Float32Array | undefined;

const tables = {
  gaussian: () => (gaussian ??= Float32Array.from(normalQuantiles())),
  uniform: () => (uniform ??= Float32Array.from({ length: 65536 }, (_, i) => (2 * i + 1) / 65536 - 1)),
};

/** The largest magnitude among so many normal deviates, drawn from its own distribution. */
function largestOf(count: number, random: Random): number {
  const unit = Math.max(Number.MIN_VALUE, random.uniform());
  // P(all of them below t) = (2 Φ(t) - 1)^count
  return Math.max(1e-3, normalQuantile((1 + unit ** (1 / count)) / 2));
}
