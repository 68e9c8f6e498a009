import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { experimentSchema } from '../../src/experiment/schema.ts';
import { imageNormalizations, normalize } from '../../src/training/normalization.ts';
import type { Normalization } from '../../src/training/normalization.ts';

type Name = 'standard' | (typeof imageNormalizations)[number];
const golden = JSON.parse(
  readFileSync(new URL('../goldens/normalization.json', import.meta.url), 'utf8'),
) as {
  readonly shape: [number, number, number];
  readonly mean: number[];
  readonly std: number[];
  readonly percentiles: [number, number];
  readonly cases: readonly { readonly image: number[]; readonly results: Readonly<Record<Name, number[]>> }[];
};

beforeAll(() => startEngine());

describe('normalization, against albumentations and NumPy', () => {
  for (const name of ['standard', ...imageNormalizations] as const) {
    it(`${name}, every image of a batch by itself`, () => {
      const { mean, std, percentiles } = golden;
      const by: Normalization = name === 'standard' ? { mean, std } : { per: name, percentiles };
      const batch = golden.cases.flatMap(({ image }) => image);
      const expected = golden.cases.flatMap(({ results }) => results[name]);
      const actual = tf.tidy(() =>
        normalize(tf.tensor4d(batch, [golden.cases.length, ...golden.shape]), by).dataSync(),
      );
      expect(actual).toHaveLength(expected.length);
      for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
    });
  }

  it('of one value everywhere is finite', () => {
    for (const per of imageNormalizations) {
      const values = tf.tidy(() => normalize(tf.fill([1, 4, 4, 3], 77), { per }).dataSync());
      expect(new Set(values)).toEqual(new Set([0]));
    }
  });
});

describe('in an experiment', () => {
  const issues = (normalization: unknown): string[] => {
    const result = experimentSchema.shape.data.safeParse({ root: 'd', imageSize: 64, normalization });
    return result.success
      ? []
      : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  it('is checked', () => {
    expect(issues({ mean: [0, 0, 0], std: [1, 1, 1] })).toEqual([]);
    expect(issues({ per: 'image' })).toEqual([]);
    expect(issues({ per: 'percentile', percentiles: [0.5, 99.5] })).toEqual([]);
    expect(issues({ mean: [0], std: [1] }).join()).toContain('as many numbers as there are channels');
    expect(issues({ per: 'percentile', percentiles: [99, 1] }).join()).toContain('below the second');
    expect(issues({ per: 'batch' })).not.toEqual([]);
  });
});
