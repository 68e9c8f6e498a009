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
  /** Name of the values of the images; without it `x`. */
  readonly input?: string;
  /** What is added to each image; without it two images as they are. */
  readonly offsets?: readonly number[];
  readonly parameters: number;
  /** SHA-256 of the JSON of every state-dict key with its shape, in order. */
  readonly keys: string;
  readonly evaluated: {
    /** Null for a feature without values. */
    readonly features: readonly (Digest | null)[];
    readonly logits: Digest;
    readonly labels?: Digest;
  };
  readonly trained: {
    readonly logits: Digest;
    readonly auxiliary?: readonly Digest[];
    readonly running: Readonly<Record<string, Digest>>;
  };
  /** With biases lifted by 5; null where a parameter takes no part. */
  readonly gradients: Readonly<Record<string, Digest | null>>;
  /** The largest relative error of PyTorch's own float32 gradients, where twice that exceeds the tolerance. */
  readonly float32Gradient?: number;
}

const folder = join(import.meta.dirname, '../goldens/models');

export const goldenNames = readdirSync(folder).map((file) => file.replace(/\.json$/, ''));

export function readGolden(name: string): Golden {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Golden;
}

/** The input of a golden configuration, `[N, H, W, C]`. */
export function goldenInput(golden: Golden): tf.Tensor4D {
  const {
    options,
    size: [height, width],
    input = 'x',
    offsets = [0, 0],
  } = golden;
  const count = options.inChannels * height * width;
  const values = filled(input, offsets.length * count, -2, 2);
  const images = values.map((value, index) => value + offsets[Math.floor(index / count)]!);
  return fromTorch(images, [offsets.length, options.inChannels, height, width]);
}

export function fromTorch(
  values: Float32Array,
  shape: readonly [number, number, number, number],
): tf.Tensor4D {
  return tf.tidy(() => tf.transpose(tf.tensor4d(values, [...shape]), [0, 2, 3, 1]));
}

/** As `fromTorch`: N×C×D×H×W to `[N, D, H, W, C]`. */
export function volumeFromTorch(
  values: Float32Array,
  shape: readonly [number, number, number, number, number],
): tf.Tensor5D {
  return tf.tidy(() => tf.transpose(tf.tensor5d(values, [...shape]), [0, 2, 3, 4, 1]));
}

/** As `toTorch`: `[N, D, H, W, C]` to N×C×D×H×W. */
export function volumeToTorch(x: tf.Tensor5D): { shape: readonly number[]; values: Float32Array } {
  const transposed = tf.transpose(x, [0, 4, 1, 2, 3]);
  const result = { shape: transposed.shape, values: transposed.dataSync() as Float32Array };
  transposed.dispose();
  return result;
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

/** The largest difference to the digest, relative to `scale`: by default, the largest value of the original. */
export function difference(
  name: string,
  values: Float32Array,
  digest: Digest,
  scale = digest.largest,
): number {
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
  return Math.max(...[...differences, ...moments].map(Math.abs)) / scale;
}
