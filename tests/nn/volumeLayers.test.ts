import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { BatchNorm3d } from '../../src/nn/batchNorm3d.ts';
import { Conv3d } from '../../src/nn/conv3d.ts';
import { ConvTranspose3d } from '../../src/nn/convTranspose3d.ts';
import { interpolate3d } from '../../src/nn/interpolate3d.ts';
import { MaxPool3d } from '../../src/nn/maxPool3d.ts';
import { toFloat32 } from '../../src/nn/safetensors/floats.ts';
import { elementCount } from '../../src/nn/safetensors/format.ts';
import { loadStateDict, stateDict } from '../../src/nn/stateDict.ts';
import { VolumeLayer } from '../../src/nn/volumeLayer.ts';
import { filled, filledState } from '../models/formula.ts';
import { difference, volumeFromTorch, volumeToTorch } from '../models/golden.ts';
import type { Digest } from '../models/golden.ts';

interface LayerGolden {
  readonly input: readonly [number, number, number, number, number];
  readonly output: Digest;
  readonly inputGradient: Digest;
  readonly gradients: Readonly<Record<string, Digest>>;
}

class Resize extends VolumeLayer {
  readonly size: readonly [number, number, number];
  readonly mode: 'nearest' | 'trilinear';

  constructor(size: readonly [number, number, number], mode: 'nearest' | 'trilinear') {
    super();
    this.size = size;
    this.mode = mode;
  }

  override forward(x: tf.Tensor5D): tf.Tensor5D {
    return interpolate3d(x, this.size, this.mode);
  }
}

const goldens = JSON.parse(
  readFileSync(join(import.meta.dirname, '../goldens/nn/volumeLayers.json'), 'utf8'),
) as Record<string, LayerGolden>;

const deconvolution = { inChannels: 4, outChannels: 3, kernelSize: 3, stride: 2, padding: 1, bias: false };

const layers: Record<string, () => VolumeLayer> = {
  padded: () => new Conv3d({ inChannels: 3, outChannels: 5, kernelSize: 3, padding: 1 }),
  plain: () => new Conv3d({ inChannels: 4, outChannels: 6, kernelSize: 3, bias: false }),
  strided: () => new Conv3d({ inChannels: 2, outChannels: 4, kernelSize: 3, stride: 2, padding: 1 }),
  wide: () => new Conv3d({ inChannels: 2, outChannels: 3, kernelSize: 5, padding: 1 }),
  deconvolved: () => new ConvTranspose3d(deconvolution),
  raised: () => new ConvTranspose3d({ inChannels: 4, outChannels: 4, kernelSize: 2, stride: 2 }),
  cut: () => new ConvTranspose3d({ inChannels: 3, outChannels: 2, kernelSize: 4, padding: 2 }),
  pooled: () => new MaxPool3d({ kernelSize: 2 }),
  normalized: () => new BatchNorm3d(4),
  nearest: () => new Resize([5, 9, 6], 'nearest'),
  trilinear: () => new Resize([5, 9, 6], 'trilinear'),
  'trilinear-down': () => new Resize([2, 3, 6], 'trilinear'),
};

beforeAll(async () => {
  await startEngine();
});

test('every golden has its layer', () => {
  expect(Object.keys(layers)).toEqual(Object.keys(goldens));
});

test.each(Object.entries(layers))('%s computes and differentiates as PyTorch', (name, create) => {
  const golden = goldens[name]!;
  const before = nativeTensorCount();
  const layer = create();
  loadStateDict(layer, filledState(layer));
  const x = volumeFromTorch(filled('x', elementCount(golden.input), -2, 2), golden.input);
  const y = tf.tidy(() => layer.forward(x, { training: true }));
  compare('output', y, golden.output);

  const shape = golden.output.shape as LayerGolden['input'];
  const direction = volumeFromTorch(filled('direction', y.size, -1, 1), shape);
  const loss = (input: tf.Tensor5D) => tf.sum(tf.mul(layer.forward(input, { training: true }), direction));
  const inputGradient = tf.tidy(() => tf.grad(loss as (x: tf.Tensor) => tf.Tensor)(x)) as tf.Tensor5D;
  compare('input gradient', inputGradient, golden.inputGradient);

  const parameters = [...layer.namedParameters()];
  if (parameters.length > 0) {
    const { value, grads } = tf.variableGrads(
      () => loss(x) as tf.Scalar,
      parameters.map(([, { variable }]) => variable),
    );
    for (const [, parameter] of parameters) parameter.assign(grads[parameter.variable.name]!);
    value.dispose();
  }
  const state = stateDict(layer);
  expect(Object.keys(golden.gradients)).toEqual(parameters.map(([key]) => key));
  for (const [key, digest] of Object.entries(golden.gradients)) {
    expect(difference(key, toFloat32(state.get(key)!), digest), key).toBeLessThan(1e-5);
  }
  tf.dispose([x, y, direction, inputGradient]);
  layer.dispose();
  expect(nativeTensorCount()).toBe(before);
});

function compare(name: string, actual: tf.Tensor5D, digest: Digest): void {
  const { shape, values } = volumeToTorch(actual);
  expect(shape).toEqual(digest.shape);
  expect(difference(name, values, digest), name).toBeLessThan(1e-5);
}
