import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { batchNormInference, batchNormTraining } from '../../src/engine/ops/batchNorm.ts';
import { conv2d, convTranspose2d } from '../../src/engine/ops/conv2d.ts';
import type { Conv2dOptions } from '../../src/engine/ops/conv2d.ts';
import { exciteChannels } from '../../src/engine/ops/exciteChannels.ts';
import { gelu } from '../../src/engine/ops/gelu.ts';
import { hardswish } from '../../src/engine/ops/hardswish.ts';
import { layerNorm } from '../../src/engine/ops/layerNorm.ts';
import { linear } from '../../src/engine/ops/linear.ts';
import { maxPool2d } from '../../src/engine/ops/maxPool2d.ts';
import { resizeBilinear, resizeNearest } from '../../src/engine/ops/resize.ts';
import { dropSamples, dropout } from '../../src/engine/ops/random.ts';
import { leakyRelu } from '../../src/engine/ops/leakyRelu.ts';
import { silu } from '../../src/engine/ops/silu.ts';
import { upsampleConcat } from '../../src/engine/ops/upsampleConcat.ts';
import { expectGradients, normal } from './gradientCheck.ts';

type Tensors = readonly tf.Tensor[];

beforeAll(async () => {
  await startEngine();
});

/** Distinct values, far apart against the finite step, so that a maximum has no ties to cross. */
function ranked(shape: readonly number[]): tf.Tensor {
  const noise = normal(shape, 'ranked').dataSync();
  const order = Array.from(noise.keys()).sort((a, b) => noise[a]! - noise[b]!);
  const values = new Float32Array(noise.length);
  order.forEach((index, rank) => (values[index] = rank * 0.1));
  return tf.tensor(values, [...shape]);
}

const AFTER = [
  [0, 1],
  [0, 1],
] as const;
const MORE_AFTER = [
  [1, 2],
  [1, 2],
] as const;

const convolutions: readonly { name: string; filter: number[]; options: Conv2dOptions }[] = [
  { name: 'padded as SAME', filter: [3, 3, 4, 6], options: { padding: 1 } },
  { name: 'stride 2, symmetric padding', filter: [3, 3, 4, 6], options: { stride: 2, padding: 1 } },
  { name: '7x7 stride 2 padding 3', filter: [7, 7, 4, 2], options: { stride: 2, padding: 3 } },
  { name: 'rectangular, unequal stride', filter: [3, 1, 4, 5], options: { stride: [2, 1], padding: [1, 0] } },
  { name: '1x1 stride 2', filter: [1, 1, 4, 3], options: { stride: 2 } },
  {
    name: 'stride 2, as SAME at width 8 and explicit at height 9',
    filter: [3, 3, 4, 6],
    options: { stride: 2, padding: AFTER },
  },
  { name: 'dilation 2', filter: [3, 3, 4, 3], options: { padding: 2, dilation: 2 } },
  { name: 'dilation 2, not as SAME', filter: [3, 3, 4, 3], options: { padding: 1, dilation: 2 } },
  { name: 'two groups', filter: [3, 3, 2, 6], options: { padding: 1, groups: 2 } },
  { name: 'depthwise', filter: [3, 3, 1, 4], options: { padding: 1, groups: 4 } },
  {
    name: 'depthwise stride 2, multiplier 2',
    filter: [5, 5, 1, 8],
    options: { stride: 2, padding: 2, groups: 4 },
  },
  { name: 'depthwise dilation 2', filter: [3, 3, 1, 4], options: { padding: 2, dilation: 2, groups: 4 } },
  {
    name: 'depthwise stride 2, unequal sides',
    filter: [5, 5, 1, 4],
    options: { stride: 2, padding: MORE_AFTER, groups: 4 },
  },
  {
    name: 'depthwise dilation 2, unequal sides',
    filter: [3, 3, 1, 4],
    options: { padding: MORE_AFTER, dilation: 2, groups: 4 },
  },
];

const cases: readonly {
  name: string;
  op: (...inputs: tf.Tensor[]) => tf.Tensor;
  inputs: () => Tensors;
  step?: number;
}[] = [
  ...convolutions.map(({ name, filter, options }) => ({
    name: `conv2d, ${name}`,
    op: (x: tf.Tensor, w: tf.Tensor) => conv2d(x as tf.Tensor4D, w as tf.Tensor4D, options),
    inputs: () => [normal([2, 9, 8, 4], 'x'), normal(filter, 'w')],
  })),
  {
    name: 'convTranspose2d, stride 2',
    op: (x, w) => convTranspose2d(x as tf.Tensor4D, w as tf.Tensor4D, { stride: 2 }),
    inputs: () => [normal([2, 4, 5, 3], 'x'), normal([2, 2, 6, 3], 'w')],
  },
  {
    name: 'convTranspose2d, padding and output padding',
    op: (x, w) =>
      convTranspose2d(x as tf.Tensor4D, w as tf.Tensor4D, { stride: 2, padding: 1, outputPadding: 1 }),
    inputs: () => [normal([2, 4, 5, 3], 'x'), normal([3, 3, 4, 3], 'w')],
  },
  {
    name: 'batchNormTraining',
    op: (x, scale, offset) =>
      batchNormTraining(x as tf.Tensor4D, scale as tf.Tensor1D, offset as tf.Tensor1D).y,
    inputs: () => [normal([2, 5, 4, 3], 'x'), normal([3], 'scale'), normal([3], 'offset')],
  },
  {
    name: 'batchNormInference',
    op: (x, scale, offset) =>
      batchNormInference(
        x as tf.Tensor4D,
        scale as tf.Tensor1D,
        offset as tf.Tensor1D,
        tf.tensor1d([0.1, -0.2, 0.3]),
        tf.tensor1d([0.5, 1, 2]),
      ),
    inputs: () => [normal([2, 5, 4, 3], 'x'), normal([3], 'scale'), normal([3], 'offset')],
  },
  {
    name: 'maxPool2d 3x3 stride 2 padding 1',
    op: (x) => maxPool2d(x as tf.Tensor4D, { kernel: 3, stride: 2, padding: 1 }),
    inputs: () => [ranked([2, 9, 8, 3])],
  },
  {
    name: 'maxPool2d 2x2',
    op: (x) => maxPool2d(x as tf.Tensor4D, { kernel: 2 }),
    inputs: () => [ranked([2, 8, 8, 3])],
  },
  {
    name: 'resizeNearest x2',
    op: (x) => resizeNearest(x as tf.Tensor4D, [8, 10]),
    inputs: () => [normal([2, 4, 5, 3], 'x')],
  },
  {
    name: 'resizeNearest to an odd size',
    op: (x) => resizeNearest(x as tf.Tensor4D, [7, 3]),
    inputs: () => [normal([2, 4, 5, 3], 'x')],
  },
  {
    name: 'upsampleConcat',
    op: (x, ...skips) => upsampleConcat(x as tf.Tensor4D, [8, 10], skips as tf.Tensor4D[]),
    inputs: () => [normal([2, 4, 5, 3], 'x'), normal([2, 8, 10, 2], 'a'), normal([2, 8, 10, 1], 'b')],
  },
  {
    name: 'exciteChannels',
    op: (x, weights) => exciteChannels(x as tf.Tensor4D, (means) => conv2d(means, weights as tf.Tensor4D)),
    inputs: () => [normal([2, 4, 5, 6], 'x'), normal([1, 1, 6, 6], 'weights')],
  },
  {
    name: 'resizeBilinear up',
    op: (x) => resizeBilinear(x as tf.Tensor4D, [9, 10]),
    inputs: () => [normal([2, 4, 5, 3], 'x')],
  },
  {
    name: 'resizeBilinear down',
    op: (x) => resizeBilinear(x as tf.Tensor4D, [3, 4]),
    inputs: () => [normal([2, 8, 9, 3], 'x')],
  },
  {
    name: 'dropout',
    op: (x) => dropout(x, 0.4, tf.tensor1d([1, 2], 'int32')),
    inputs: () => [normal([4, 6], 'x')],
  },
  {
    name: 'dropSamples',
    op: (x) => dropSamples(x, 0.4, tf.tensor1d([1, 2], 'int32')),
    inputs: () => [normal([6, 2, 3, 2], 'x')],
  },
  {
    name: 'leakyRelu',
    op: (x) => leakyRelu(tf.mul(x, 2), 0.01),
    inputs: () => [normal([2, 3, 4, 2], 'x')],
  },
  {
    name: 'silu',
    op: (x) => silu(tf.mul(x, 2)),
    inputs: () => [normal([2, 3, 4, 5], 'x')],
  },
  {
    name: 'gelu',
    op: (x) => gelu(tf.mul(x, 2)),
    inputs: () => [normal([2, 3, 4, 5], 'x')],
  },
  {
    name: 'hardswish',
    op: (x) => hardswish(x),
    // Away from where its slope jumps.
    inputs: () => [tf.tensor([-4.5, -3.5, -2.5, -1, 0, 0.5, 2.5, 3.5, 5])],
  },
  {
    name: 'layerNorm',
    op: (x, scale, offset) => layerNorm(x as tf.Tensor4D, scale as tf.Tensor1D, offset as tf.Tensor1D, 1e-5),
    inputs: () => [normal([2, 3, 4, 11], 'x'), normal([11], 'scale'), normal([11], 'offset')],
  },
  {
    name: 'linear',
    op: (x, weight, bias) => linear(x as tf.Tensor4D, weight as tf.Tensor2D, bias as tf.Tensor1D),
    inputs: () => [normal([2, 3, 4, 5], 'x'), normal([5, 7], 'weight'), normal([7], 'bias')],
  },
];

describe('gradients agree with finite differences', () => {
  it.each(cases)('$name', async ({ op, inputs, step }) => {
    const tensors = tf.tidy(() => inputs() as tf.Tensor[]);
    const before = tf.memory().numTensors;
    const nativeBefore = nativeTensorCount();
    // What an op's closure makes per call is scoped here; what the op itself makes must not outlive its use.
    await expectGradients(
      (...values) => tf.tidy(() => op(...values)),
      tensors,
      step === undefined ? {} : { step },
    );
    expect(tf.memory().numTensors).toBe(before);
    // The inputs themselves reach the engine when they are first used.
    expect(nativeTensorCount()).toBe(nativeBefore + tensors.length);
    tf.dispose(tensors);
  });
});

it('the filter gradient of a strided 1×1 convolution has no part of what lies behind the channels', () => {
  tf.tidy(() => {
    const x = normal([2, 8, 8, 5], 'x') as tf.Tensor4D;
    const filter = normal([1, 1, 5, 8], 'filter') as tf.Tensor4D;
    const dy = normal([2, 4, 4, 8], 'dy');
    const pixels = tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, 2, 2, 1]);
    const taken = tf.reshape<tf.Rank.R2>(pixels, [-1, 5]);
    const expected = tf.matMul(taken, tf.reshape<tf.Rank.R2>(dy, [-1, 8]), true).dataSync();
    // Several times: memory must have been used before.
    for (let trial = 0; trial < 6; trial++) {
      const gradient = tf.grad((w: tf.Tensor) =>
        tf.sum(tf.mul(dy, conv2d(x, w as tf.Tensor4D, { stride: 2 }))),
      )(filter);
      gradient.dataSync().forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 3));
    }
  });
});
