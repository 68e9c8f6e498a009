import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { conv2d, splitConv2d } from '../../src/engine/ops/conv2d.ts';
import type { Conv2dOptions } from '../../src/engine/ops/conv2d.ts';
import { arbitrary, expectClose, resultAndGradients } from './fusedOps.ts';

beforeAll(async () => {
  await startEngine();
});

type Shape = readonly [number, number, number, number];

interface Case {
  readonly x: Shape;
  readonly filter: Shape;
  readonly options: Conv2dOptions;
}

const cases: Record<string, Case> = {
  "ResNeXt's first stage": { x: [2, 9, 8, 128], filter: [3, 3, 4, 128], options: { padding: 1, groups: 32 } },
  "ResNeXt's last stage": {
    x: [1, 3, 4, 1024],
    filter: [3, 3, 32, 1024],
    options: { padding: 1, groups: 32 },
  },
  'stride 2 of even sizes': {
    x: [2, 8, 10, 24],
    filter: [3, 3, 6, 24],
    options: { padding: 1, stride: 2, groups: 4 },
  },
  'stride 2 of odd sizes': {
    x: [2, 9, 7, 32],
    filter: [3, 3, 8, 32],
    options: { padding: 1, stride: 2, groups: 4 },
  },
  'dilation 2': {
    x: [2, 12, 9, 32],
    filter: [3, 3, 8, 32],
    options: { padding: 2, dilation: 2, groups: 4 },
  },
  'more outputs than inputs': { x: [2, 6, 5, 9], filter: [3, 3, 3, 15], options: { padding: 1, groups: 3 } },
  'fewer outputs than inputs': { x: [2, 6, 5, 20], filter: [3, 3, 5, 8], options: { padding: 1, groups: 4 } },
  'one tap': { x: [2, 5, 5, 12], filter: [1, 1, 3, 8], options: { groups: 4 } },
  'one tap of stride 2': { x: [2, 8, 8, 12], filter: [1, 1, 3, 8], options: { stride: 2, groups: 4 } },
  'unequal sides': {
    x: [1, 9, 8, 8],
    filter: [5, 3, 4, 8],
    options: {
      padding: [
        [1, 2],
        [0, 1],
      ],
      groups: 2,
    },
  },
};

describe('a grouped convolution', () => {
  it.each(Object.entries(cases))(
    'is one convolution for each group: %s',
    async (_, { x, filter, options }) => {
      const inputs = [arbitrary(x, 0), arbitrary(filter, 1)];
      const by = (op: typeof splitConv2d) => (a: tf.Tensor, b: tf.Tensor) =>
        op(a as tf.Tensor4D, b as tf.Tensor4D, options);
      const expected = resultAndGradients(by(splitConv2d), inputs);
      expectClose(resultAndGradients(by(conv2d), inputs), expected, 2e-6);

      const { shape } = tf.tidy(() => by(conv2d)(inputs[0]!, inputs[1]!));
      const dy = arbitrary(shape, 1000);
      const compiled = compile(
        (a: tf.Tensor, b: tf.Tensor, gradient: tf.Tensor) => [
          by(conv2d)(a, b),
          ...tf.grads(by(conv2d))([a, b], gradient),
        ],
        { name: 'grouped', precision: 'float32' },
      );
      const results = await compiled(inputs[0]!, inputs[1]!, dy);
      expectClose(
        results.map((result) => result.dataSync() as Float32Array),
        expected,
        2e-6,
      );
      expect(results).toHaveLength(3);
      tf.dispose([...inputs, dy, ...results]);
      compiled.dispose();
    },
  );
});
