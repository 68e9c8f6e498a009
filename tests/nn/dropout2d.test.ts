import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { Dropout2d } from '../../src/nn/dropout.ts';

const RATE = 0.3;
const [SAMPLES, HEIGHT, WIDTH, CHANNELS] = [50, 3, 2, 80] as const;

beforeAll(async () => {
  await startEngine();
});

describe('dropout of channels', () => {
  const input = () => tf.randomUniform<tf.Rank.R4>([SAMPLES, HEIGHT, WIDTH, CHANNELS], 1, 2, 'float32', 5);
  const drop = (x: tf.Tensor4D, stream: string, seed: number) =>
    new Dropout2d(RATE, stream).forward(x, { training: true, seed: tf.tensor1d([seed, 0], 'int32') });
  const valuesOf = (stream: string, seed: number) =>
    tf.tidy(() => drop(input(), stream, seed).dataSync() as Float32Array);

  test('drops the given share of channels, of every sample for itself and as a whole, and scales the others', () => {
    const factors = tf.tidy(() => {
      const x = input();
      // [N, C, H·W]: what each channel of each sample was multiplied by, at each place.
      const ratio = tf.transpose(tf.div(drop(x, 'a', 1), x), [0, 3, 1, 2]);
      return tf.reshape(ratio, [SAMPLES * CHANNELS, HEIGHT * WIDTH]).arraySync() as number[][];
    });
    const kept = factors.map(([first, ...others]) => {
      for (const other of others) expect(other).toBeCloseTo(first!, 5);
      if (first !== 0) expect(first).toBeCloseTo(1 / (1 - RATE), 5);
      return first !== 0;
    });
    const dropped = kept.filter((keep) => !keep).length / kept.length;
    // Four standard deviations of 4000 draws.
    expect(Math.abs(dropped - RATE)).toBeLessThan(0.029);
    const patterns = Array.from({ length: SAMPLES }, (_, sample) =>
      kept.slice(sample * CHANNELS, (sample + 1) * CHANNELS).join(),
    );
    expect(new Set(patterns).size).toBe(SAMPLES);
  });

  test('passes the gradient of what it kept alone, scaled alike', () => {
    tf.tidy(() => {
      const x = input();
      const gradient = tf.grad((image: tf.Tensor) => tf.sum(drop(image as tf.Tensor4D, 'a', 1)))(x);
      const factors = tf.div(drop(x, 'a', 1), x).dataSync();
      const differences = gradient.dataSync().map((value, index) => Math.abs(value - factors[index]!));
      expect(Math.max(...differences)).toBeLessThan(1e-5);
    });
  });

  test('is a function of seed and layer alone', () => {
    expect(valuesOf('a', 1)).toEqual(valuesOf('a', 1));
    expect(valuesOf('a', 1)).not.toEqual(valuesOf('a', 2));
    expect(valuesOf('a', 1)).not.toEqual(valuesOf('b', 1));
  });

  test('needs a seed when it drops, and does nothing in inference or at rate 0', () => {
    tf.tidy(() => {
      const x = input();
      expect(() => new Dropout2d(RATE, 'a').forward(x, { training: true })).toThrow('needs a seed');
      expect(new Dropout2d(RATE, 'a').forward(x, { training: false })).toBe(x);
      expect(new Dropout2d(0, 'a').forward(x, { training: true })).toBe(x);
    });
  });
});
