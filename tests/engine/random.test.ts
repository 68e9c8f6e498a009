import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { deriveSeed, dropout, randomNormal, randomUniform } from '../../src/engine/ops/random.ts';

beforeAll(async () => {
  await startEngine();
});

const seed = (a: number, b: number) => tf.tensor1d([a, b], 'int32');

describe('random ops', () => {
  it('draw the same numbers for the same seed, eager and compiled, and others for another', async () => {
    const draw = compile((s: tf.Tensor1D) => randomNormal([100], s), { name: 'draw' });
    const [first, again, other] = await Promise.all([draw(seed(1, 2)), draw(seed(1, 2)), draw(seed(1, 3))]);
    expect(first.dataSync()).toEqual(again.dataSync());
    expect(first.dataSync()).toEqual(randomNormal([100], seed(1, 2)).dataSync());
    expect(first.dataSync()).not.toEqual(other.dataSync());
    expect(draw.traces).toBe(1);
  });

  it('are distributed as they say', () => {
    const uniform = randomUniform([10_000], seed(3, 4)).dataSync() as Float32Array;
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform)).toBeLessThan(1);
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    const normal = randomNormal([10_000], seed(3, 4)).dataSync() as Float32Array;
    expect(Math.abs(mean(normal))).toBeLessThan(0.05);
    expect(mean(normal.map((value) => value * value))).toBeCloseTo(1, 1);
  });

  it('derive independent seeds', () => {
    const base = seed(5, 6);
    const streams = Array.from({ length: 20 }, (_, stream) => deriveSeed(base, stream).dataSync().join());
    expect(new Set([...streams, base.dataSync().join()]).size).toBe(21);
  });

  it('drop the asked share and keep the mean', () => {
    const dropped = dropout(tf.ones([10_000]), 0.3, seed(7, 8)).dataSync() as Float32Array;
    expect(dropped.filter((value) => value === 0).length / 10_000).toBeCloseTo(0.3, 1);
    expect(mean(dropped)).toBeCloseTo(1, 1);
    const x = tf.ones([3]);
    expect(dropout(x, 0, seed(7, 8)).dataSync()).toEqual(x.dataSync());
  });
});

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
