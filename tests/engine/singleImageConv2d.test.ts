import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { conv2d } from '../../src/engine/ops/conv2d.ts';
import type { Conv2dOptions } from '../../src/engine/ops/conv2d.ts';
import { randomNormal } from '../../src/engine/ops/random.ts';

beforeAll(async () => {
  await startEngine();
});

/** Sides of the image, of the kernel, and options. */
const cases: readonly (readonly [[number, number], [number, number], Conv2dOptions])[] = [
  [[16, 20], [3, 3], { padding: 1 }],
  [[17, 9], [3, 3], { padding: 1, stride: 2 }],
  [[32, 31], [7, 7], { padding: 3, stride: 2 }],
  [[33, 12], [2, 2], { stride: 2 }],
  [[16, 16], [3, 3], { padding: 12, dilation: 12 }],
  [[19, 16], [3, 3], { padding: [[0, 1], [1, 0]] }], // prettier-ignore
  [[16, 16], [1, 5], { padding: [0, 2] }],
  [[10, 10], [3, 3], { padding: 5 }],
  [[8, 8], [5, 5], { padding: 2, stride: [1, 2] }],
];

test.each(cases)(
  'a single image of %j under a kernel of %j with %j, as in a batch',
  async (size, kernel, options) => {
    const image = randomNormal([1, ...size, 3], tf.tensor1d([1, 2], 'int32')) as tf.Tensor4D;
    const filter = randomNormal([...kernel, 3, 4], tf.tensor1d([3, 4], 'int32')) as tf.Tensor4D;
    const both = tf.concat([image, image]);
    const run = compile(
      (x: tf.Tensor4D) => {
        const { value, grads } = tf.variableGrads(
          () => tf.sum(tf.square(conv2d(x, weight, options))),
          [weight],
        );
        return { y: conv2d(x, filter, options), value, gradient: grads[weight.name]! };
      },
      { name: 'convolution', precision: 'float32' },
    );
    const weight = tf.variable(filter);
    const alone = await run(image);
    const together = await run(both);
    const [first] = tf.unstack(together.y);
    const distance = (a: tf.Tensor, b: tf.Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
    expect(alone.y.shape.slice(1)).toEqual(together.y.shape.slice(1));
    expect(distance(tf.squeeze(alone.y, [0]), first!)).toBeLessThan(1e-4);
    const extent = tf.max(tf.abs(together.gradient)).dataSync()[0]!;
    expect(distance(tf.mul(alone.gradient, 2), together.gradient) / extent).toBeLessThan(1e-4);
    weight.dispose();
    run.dispose();

    const before = tf.memory().numTensors;
    conv2d(image, filter, options).dispose();
    expect(tf.memory().numTensors).toBe(before);
  },
);
