import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { attribute, runOp, sizes } from '../../src/engine/op.ts';

beforeAll(async () => {
  await startEngine();
});

interface Case {
  readonly x: readonly [number, number, number, number];
  readonly kernel: readonly [number, number];
  readonly outChannels: number;
  readonly padding: 'SAME' | 'VALID';
  readonly stride?: number;
}

function gradient(op: string, { x, kernel, outChannels, padding, stride = 1 }: Case): Float32Array {
  return tf.tidy(() => {
    const side = (size: number, taps: number) =>
      Math.ceil((padding === 'SAME' ? size : size - taps + 1) / stride);
    const input = tf.randomNormal([...x], 0, 1, 'float32', 1);
    const outShape = [x[0], side(x[1], kernel[0]), side(x[2], kernel[1]), outChannels];
    const dy = tf.randomNormal(outShape, 0, 1, 'float32', 2);
    const attributes = [
      attribute.type('T'),
      attribute.ints('strides', [1, stride, stride, 1]),
      attribute.ints('dilations', [1, 1, 1, 1]),
      attribute.string('data_format', 'NHWC'),
      attribute.string('padding', padding),
    ];
    const filter = sizes([...kernel, x[3], outChannels]);
    return runOp(op, attributes, [input, filter, dy]).dataSync() as Float32Array;
  });
}

const cases: Record<string, Case> = {
  '3x3, whole vectors': { x: [2, 19, 33, 32], kernel: [3, 3], outChannels: 24, padding: 'SAME' },
  'output channels that are no whole vectors': {
    x: [2, 9, 130, 16],
    kernel: [3, 3],
    outChannels: 29,
    padding: 'SAME',
  },
  'a last block of four channels': { x: [1, 12, 7, 20], kernel: [3, 3], outChannels: 5, padding: 'SAME' },
  unpadded: { x: [2, 10, 70, 8], kernel: [3, 3], outChannels: 16, padding: 'VALID' },
  'one tap': { x: [3, 8, 8, 64], kernel: [1, 1], outChannels: 48, padding: 'SAME' },
  'a kernel wider than the image': { x: [1, 2, 3, 4], kernel: [5, 7], outChannels: 3, padding: 'SAME' },
  'even and unequal sides': { x: [1, 11, 13, 12], kernel: [2, 4], outChannels: 40, padding: 'SAME' },
  "channels that only TensorFlow's kernel takes": {
    x: [2, 9, 9, 3],
    kernel: [3, 3],
    outChannels: 8,
    padding: 'SAME',
  },
  "a stride that only TensorFlow's kernel takes": {
    x: [2, 16, 16, 8],
    kernel: [3, 3],
    outChannels: 8,
    padding: 'SAME',
    stride: 2,
  },
};

describe("the filter's gradient on processors without AVX-512", () => {
  it.each(Object.entries(cases))("is TensorFlow's: %s", (_, settings) => {
    const expected = gradient('Conv2DBackpropFilter', settings);
    const received = gradient('PhalanxConv2DBackpropFilter', settings);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(received.length).toBe(expected.length);
    const difference = received.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
    expect(largest).toBeGreaterThan(0);
    expect(difference / largest).toBeLessThan(1e-5);
  });

  it('is the same bit for bit whenever it is computed', () => {
    const settings: Case = { x: [2, 64, 64, 16], kernel: [3, 3], outChannels: 16, padding: 'SAME' };
    const first = gradient('PhalanxConv2DBackpropFilter', settings);
    for (let i = 0; i < 5; i++) expect(gradient('PhalanxConv2DBackpropFilter', settings)).toEqual(first);
  });

  it("leaves shapes that do not fit to TensorFlow's words", () => {
    const input = tf.zeros([1, 8, 8, 8]);
    const dy = tf.zeros([1, 9, 8, 8]);
    const attributes = [
      attribute.type('T'),
      attribute.ints('strides', [1, 1, 1, 1]),
      attribute.string('padding', 'SAME'),
    ];
    expect(() => runOp('PhalanxConv2DBackpropFilter', attributes, [input, sizes([3, 3, 8, 8]), dy])).toThrow(
      expect.objectContaining({ code: 'engine/op' }),
    );
    tf.dispose([input, dy]);
  });
});
