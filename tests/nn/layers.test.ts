import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { MixTransformerBlock } from '../../src/models/encoders/mixTransformerBlock.ts';
import { Gelu } from '../../src/nn/activations.ts';
import { BatchNorm2d } from '../../src/nn/batchNorm2d.ts';
import { Conv2d } from '../../src/nn/conv2d.ts';
import { ConvTranspose2d } from '../../src/nn/convTranspose2d.ts';
import { Dropout } from '../../src/nn/dropout.ts';
import { initialize } from '../../src/nn/initialize.ts';
import { interpolate } from '../../src/nn/interpolate.ts';
import type { Interpolation } from '../../src/nn/interpolate.ts';
import { LayerNorm } from '../../src/nn/layerNorm.ts';
import { Linear } from '../../src/nn/linear.ts';
import { Layer } from '../../src/nn/module.ts';
import { AveragePool2d, MaxPool2d } from '../../src/nn/pooling.ts';
import { toFloat32 } from '../../src/nn/safetensors/floats.ts';
import { StochasticDepth } from '../../src/nn/stochasticDepth.ts';
import { loadStateDict, stateDict } from '../../src/nn/stateDict.ts';
import { filled, filledState } from '../models/formula.ts';
import { difference, fromTorch, toTorch } from '../models/golden.ts';
import type { Digest } from '../models/golden.ts';

interface LayerGolden {
  readonly input: readonly [number, number, number, number];
  readonly output: Digest;
  readonly inputGradient: Digest;
  readonly gradients: Readonly<Record<string, Digest>>;
}

class Resize extends Layer {
  readonly size: readonly [number, number];
  readonly mode: Interpolation;

  constructor(size: readonly [number, number], mode: Interpolation) {
    super();
    this.size = size;
    this.mode = mode;
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return interpolate(x, this.size, this.mode);
  }
}

const goldens = JSON.parse(
  readFileSync(join(import.meta.dirname, '../goldens/nn/layers.json'), 'utf8'),
) as Record<string, LayerGolden>;

const layers: Record<string, () => Layer> = {
  strided: () => new Conv2d({ inChannels: 3, outChannels: 8, kernelSize: 7, stride: 2, padding: 3 }),
  dilated: () =>
    new Conv2d({ inChannels: 4, outChannels: 6, kernelSize: 3, padding: 4, dilation: 4, bias: false }),
  grouped: () =>
    new Conv2d({ inChannels: 8, outChannels: 12, kernelSize: 3, stride: 2, padding: 1, groups: 4 }),
  depthwise: () => new Conv2d({ inChannels: 6, outChannels: 6, kernelSize: 5, padding: 2, groups: 6 }),
  'depthwise-sides': () =>
    new Conv2d({
      inChannels: 4,
      outChannels: 4,
      kernelSize: 5,
      stride: 2,
      padding: [
        [1, 2],
        [1, 2],
      ],
      groups: 4,
      bias: false,
    }),
  transposed: () => new ConvTranspose2d({ inChannels: 5, outChannels: 7, kernelSize: 2, stride: 2 }),
  'transposed-padded': () =>
    new ConvTranspose2d({ inChannels: 5, outChannels: 4, kernelSize: 4, stride: 2, padding: 1, bias: false }),
  pooled: () => new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
  averaged: () => new AveragePool2d({ kernelSize: 2, stride: 2 }),
  linear: () => new Linear({ inChannels: 6, outChannels: 9 }),
  'linear-plain': () => new Linear({ inChannels: 7, outChannels: 3, bias: false }),
  'layer-norm': () => new LayerNorm(21),
  'layer-norm-epsilon': () => new LayerNorm(6, { epsilon: 0.5 }),
  'mix-transformer': () =>
    new MixTransformerBlock({ channels: 12, heads: 1, reduction: 1, dropPath: 0, stream: 'a' }),
  'mix-transformer-reduced': () =>
    new MixTransformerBlock({ channels: 12, heads: 3, reduction: 2, dropPath: 0, stream: 'a' }),
  gelu: () => new Gelu(),
  'nearest-odd': () => new Resize([13, 21], 'nearest'),
  'bilinear-up': () => new Resize([13, 21], 'bilinear'),
  'bilinear-down': () => new Resize([5, 4], 'bilinear'),
};

beforeAll(async () => {
  await startEngine();
});

test('every golden has its layer', () => {
  expect(Object.keys(layers)).toEqual(Object.keys(goldens));
});

describe.each(Object.entries(layers))('%s', (name, create) => {
  const golden = goldens[name]!;

  test('computes and differentiates as PyTorch', () => {
    const before = nativeTensorCount();
    const layer = create();
    loadStateDict(layer, filledState(layer));
    const parameters = [...layer.namedParameters()];
    const x = fromTorch(
      filled(
        'x',
        golden.input.reduce((a, b) => a * b),
        -2,
        2,
      ),
      golden.input,
    );
    const y = tf.tidy(() => layer.forward(x, { training: true }));
    compare('output', y, golden.output);

    const shape = golden.output.shape as readonly [number, number, number, number];
    const direction = fromTorch(filled('direction', y.size, -1, 1), shape);
    const loss = (input: tf.Tensor4D) => tf.sum(tf.mul(layer.forward(input, { training: true }), direction));
    const inputGradient = tf.tidy(() => tf.grad(loss as (x: tf.Tensor) => tf.Tensor)(x)) as tf.Tensor4D;
    compare('input gradient', inputGradient, golden.inputGradient);

    if (parameters.length > 0) {
      const { value, grads } = tf.variableGrads(
        () => loss(x) as tf.Scalar,
        parameters.map(([, { variable }]) => variable),
      );
      for (const [, parameter] of parameters) parameter.assign(grads[parameter.variable.name]!);
      value.dispose();
    }
    for (const [key, tensor] of stateDict(layer)) {
      expect(difference(key, toFloat32(tensor), golden.gradients[key]!), key).toBeLessThan(1e-5);
    }
    tf.dispose([x, y, direction, inputGradient]);
    layer.dispose();
    expect(nativeTensorCount()).toBe(before);
  });
});

describe('dropout', () => {
  const x = () => tf.ones<tf.Rank.R4>([1, 50, 50, 4]);
  const drop = (stream: string, seed: number, rate = 0.3) =>
    tf.tidy(() =>
      new Dropout(rate, stream)
        .forward(x(), { training: true, seed: tf.tensor1d([seed, 0], 'int32') })
        .dataSync(),
    );

  test('drops the given share and keeps the mean', () => {
    const values = [...drop('a', 1)];
    const dropped = values.filter((value) => value === 0).length / values.length;
    expect(dropped).toBeGreaterThan(0.27);
    expect(dropped).toBeLessThan(0.33);
    expect(Math.max(...values)).toBeCloseTo(1 / 0.7);
  });

  test('is a function of seed and layer alone', () => {
    expect(drop('a', 1)).toEqual(drop('a', 1));
    expect(drop('a', 1)).not.toEqual(drop('a', 2));
    expect(drop('a', 1)).not.toEqual(drop('b', 1));
  });

  test('needs a seed when it drops, and does nothing in inference', () => {
    tf.tidy(() => {
      const image = x();
      expect(() => new Dropout(0.3, 'a').forward(image, { training: true })).toThrow('needs a seed');
      expect(new Dropout(0.3, 'a').forward(image, { training: false })).toBe(image);
    });
  });
});

describe('stochastic depth', () => {
  const RATE = 0.3;
  const drop = (stream: string, seed: number, samples = 4000) =>
    tf.tidy(() => {
      const x = tf.ones<tf.Rank.R4>([samples, 2, 1, 3]);
      const context = { training: true, seed: tf.tensor1d([seed, 0], 'int32') };
      return new StochasticDepth(RATE, stream).forward(x, context).dataSync() as Float32Array;
    });

  test('drops the given share of samples as a whole, and keeps the mean', () => {
    const values = drop('a', 1);
    let dropped = 0;
    for (let sample = 0; sample < values.length / 6; sample++) {
      const own = new Set(values.subarray(6 * sample, 6 * sample + 6));
      expect(own.size).toBe(1);
      if (own.has(0)) dropped++;
      else expect([...own][0]).toBeCloseTo(1 / (1 - RATE));
    }
    // Four standard deviations of 4000 draws.
    expect(Math.abs(dropped / 4000 - RATE)).toBeLessThan(0.029);
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length - 1)).toBeLessThan(0.042);
  });

  test('is a function of seed and layer alone', () => {
    expect(drop('a', 1, 100)).toEqual(drop('a', 1, 100));
    expect(drop('a', 1, 100)).not.toEqual(drop('a', 2, 100));
    expect(drop('a', 1, 100)).not.toEqual(drop('b', 1, 100));
  });

  test('needs a seed when it drops, and does nothing in inference', () => {
    tf.tidy(() => {
      const x = tf.ones<tf.Rank.R4>([1, 1, 1, 1]);
      expect(() => new StochasticDepth(0.3, 'a').forward(x, { training: true })).toThrow('needs a seed');
      expect(new StochasticDepth(0, 'a').forward(x, { training: true })).toBe(x);
      expect(new StochasticDepth(0.3, 'a').forward(x, { training: false })).toBe(x);
    });
  });
});

describe('batch normalization', () => {
  test('takes its momentum and epsilon', () => {
    const norm = new BatchNorm2d(1, { momentum: 0.01, epsilon: 0.5 });
    initialize(norm, 0);
    const values = tf.tidy(() =>
      norm.forward(tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1]), { training: true }).dataSync(),
    );
    expect(values[3]).toBeCloseTo(3 / Math.sqrt(3.5 + 0.5), 5);
    expect(stateDict(norm).get('running_mean')!.data[0]).toBeCloseTo(0.01 * 3);
    const inferred = tf.tidy(() =>
      norm.forward(tf.tensor4d([1], [1, 1, 1, 1]), { training: false }).dataSync(),
    );
    const variance = 0.99 + 0.01 * (14 / 3);
    expect(inferred[0]).toBeCloseTo((1 - 0.03) / Math.sqrt(variance + 0.5), 5);
    norm.dispose();
  });

  test('counts batches and follows them with momentum 0.1 and unbiased variance', () => {
    const norm = new BatchNorm2d(1);
    initialize(norm, 0);
    const step = (values: number[]) =>
      tf.tidy(() => norm.forward(tf.tensor4d(values, [1, 2, 2, 1]), { training: true }).dataSync());
    const normalized = step([1, 2, 3, 6]);
    expect(normalized[3]).toBeCloseTo(3 / Math.sqrt(3.5 + 1e-5), 5);
    step([0, 0, 0, 0]);
    const state = stateDict(norm);
    expect(state.get('running_mean')!.data[0]).toBeCloseTo(0.9 * 0.3);
    expect(state.get('running_var')!.data[0]).toBeCloseTo(0.9 * (0.9 + 0.1 * (14 / 3)));
    expect(state.get('num_batches_tracked')!.data[0]).toBe(2n);
    norm.dispose();
  });

  test('refuses to train on one value per channel', () => {
    const norm = new BatchNorm2d(2);
    initialize(norm, 0);
    const x = tf.ones<tf.Rank.R4>([1, 1, 1, 2]);
    expect(() => norm.forward(x, { training: true })).toThrow('one value per channel');
    x.dispose();
    norm.dispose();
  });
});

function compare(name: string, actual: tf.Tensor4D, digest: Digest): void {
  const { shape, values } = toTorch(actual);
  expect(shape).toEqual(digest.shape);
  expect(difference(name, values, digest), name).toBeLessThan(1e-5);
}
