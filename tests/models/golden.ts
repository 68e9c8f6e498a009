import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { ModelOptions } from '../../src/models/modelSchema.ts';
import { filled } from './formula.ts';

/** Extent, moments and sampled values of a tensor in PyTorch's layout. */
export interface Digest {
  readonly shape: readonly number[];
  readonly largest: number;
  readonly mean: number;
  readonly deviation: number;
  readonly values: readonly number[];
}

export interface Golden {
  readonly options: ModelOptions;
  readonly size: readonly [height: number, width: number];
  readonly parameters: number;
  /** SHA-256 of the JSON of every state-dict key with its shape, in order. */
  readonly keys: string;
  readonly evaluated: { readonly features: readonly Digest[]; readonly logits: Digest };
  readonly trained: {
    readonly logits: Digest;
    readonly auxiliary?: readonly Digest[];
    readonly running: Readonly<Record<string, Digest>>;
  };
  /** With biases lifted by 5; null where a parameter takes no part. */
  readonly gradients: Readonly<Record<string, Digest | null>>;
}

const folder = join(import.meta.dirname, '../goldens/models');

export const goldenNames = readdirSync(folder).map((file) => file.replace(/\.json$/, ''));

export function readGolden(name: string): Golden {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Golden;
}

/** The input of a golden configuration, `[2, H, W, C]`. */
export function goldenInput({ options, size: [height, width] }: Golden): tf.Tensor4D {
  return fromTorch(filled('x', 2 * options.inChannels * height * width, -2, 2), [
    2,
    options.inChannels,
    height,
    width,
  ]);
}

export function fromTorch(
  values: Float32Array,
  shape: readonly [number, number, number, number],
): tf.Tensor4D {
  return tf.tidy(() => tf.transpose(tf.tensor4d(values, [...shape]), [0, 2, 3, 1]));
}

/** Name of an auxiliary output's values, as in tools/goldens/models.py. */
export function auxiliaryName(index: number): string {
  return index === 0 ? 'auxiliary' : `auxiliary ${index}`;
}

/** Values in PyTorch's order: `[N, H, W, C]` to N×C×H×W. */
export function toTorch(x: tf.Tensor4D): { shape: readonly number[]; values: Float32Array } {
  const transposed = tf.transpose(x, [0, 3, 1, 2]);
  const result = { shape: transposed.shape, values: transposed.dataSync() as Float32Array };
  transposed.dispose();
  return result;
}

/** The largest difference to the digest, relative to the largest value of the original. */
export function difference(name: string, values: Float32Array, digest: Digest): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const places = filled(`places of ${name}`, digest.values.length, 0, 1);
  const differences = digest.values.map(
    (value, i) => value - values[Math.floor(places[i]! * values.length)]!,
  );
  const moments = [
    mean - digest.mean,
    Math.sqrt(squares / values.length) - digest.deviation,
    largest - digest.largest,
  ];
  return Math.max(...[...differences, ...moments].map(Math.abs)) / digest.largest;
}
