import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { attribute, runOp, runOps } from '../../src/engine/op.ts';
import { composedExciteChannels, exciteChannels } from '../../src/engine/ops/exciteChannels.ts';
import {
  arbitrary,
  asBfloat16,
  expectClose,
  expectSame,
  resultAndGradients,
  runInBfloat16,
} from './fusedOps.ts';

beforeAll(async () => {
  await startEngine();
});

const shapes: readonly (readonly [number, number, number, number])[] = [
  [1, 1, 1, 1],
  [2, 7, 5, 3],
  [3, 13, 11, 33],
  [2, 37, 41, 32],
  [2, 9, 7, 672],
  [2, 48, 48, 96],
];
const types = [attribute.type('T')];

/** Squeeze-and-excitation with one matrix for both of its convolutions. */
const bind =
  (op: typeof exciteChannels) =>
  (x: tf.Tensor, weights: tf.Tensor): tf.Tensor =>
    op(x as tf.Tensor4D, (means) => {
      const excited = tf.matMul(tf.reshape(means, [x.shape[0], -1]), weights);
      return tf.reshape(excited, means.shape);
    });

function inputsOf(shape: readonly number[]): tf.Tensor[] {
  // Means that are not near zero, so that an error in them shows.
  return [tf.tidy(() => tf.add(arbitrary(shape, 0), 1)), arbitrary([shape[3]!, shape[3]!], 1)];
}

describe('scaling channels by what their means excite', () => {
  it.each(shapes)('is that of separate ops, as are its gradients: [%i, %i, %i, %i]', (...shape) => {
    const inputs = inputsOf(shape);
    const received = resultAndGradients(bind(exciteChannels), inputs);
    const expected = resultAndGradients(bind(composedExciteChannels), inputs);
    // A matrix of a thousand channels adds rounding of its own.
    expectClose(received, expected, shape[3] > 100 ? 1e-5 : 2e-6);
    tf.dispose(inputs);
  });

  it('takes means exactly enough', () => {
    const x = tf.tidy(() => tf.add(arbitrary([1, 211, 197, 5], 0), 3));
    const values = x.dataSync();
    const exact = new Float64Array(5);
    values.forEach((value, i) => (exact[i % 5]! += value / (211 * 197)));
    const mean = runOp('PhalanxSpatialMean', types, [x]);
    mean.dataSync().forEach((value, i) => expect(Math.abs(value / exact[i]! - 1)).toBeLessThan(1e-6));
    tf.dispose([x, mean]);
  });

  it('is the same bit for bit whenever it is computed', () => {
    const inputs = inputsOf([2, 48, 48, 96]);
    const first = resultAndGradients(bind(exciteChannels), inputs);
    for (let i = 0; i < 5; i++) expectSame(resultAndGradients(bind(exciteChannels), inputs), first);
    tf.dispose(inputs);
  });

  it('leaves its inputs as they were', () => {
    const inputs = inputsOf([2, 16, 16, 8]);
    const before = inputs.map((tensor) => tensor.dataSync().slice());
    resultAndGradients(bind(exciteChannels), inputs);
    expectSame(
      inputs.map((tensor) => tensor.dataSync() as Float32Array),
      before as Float32Array[],
    );
    tf.dispose(inputs);
  });

  it.each(shapes)('rounds bfloat16 once, at the end: [%i, %i, %i, %i]', (...shape) => {
    tf.tidy(() => {
      const logitShape = [shape[0], 1, 1, shape[3]];
      const [x, dy] = [asBfloat16(arbitrary(shape, 0)), asBfloat16(arbitrary(shape, 2))];
      const logits = asBfloat16(arbitrary(logitShape, 3));
      const compare = (op: string, inputs: tf.Tensor[], outputs: number) => {
        const expected = runOps(op, types, inputs, outputs).map(
          (tensor) => asBfloat16(tensor).dataSync() as Float32Array,
        );
        expectClose(runInBfloat16(op, [], inputs, outputs), expected, 2 ** -8);
      };
      compare('PhalanxSpatialMean', [x], 1);
      compare('PhalanxSpatialMeanGrad', [logits, x], 1);
      compare('PhalanxChannelScale', [x, logits], 1);
      compare('PhalanxChannelScaleGrad', [dy, x, logits], 2);
    });
  });

  it('refuses shapes that do not fit, and takes empty ones', () => {
    tf.tidy(() => {
      const refused = expect.objectContaining({ code: 'engine/op' }) as unknown;
      const [x, logits] = [tf.zeros([2, 4, 4, 3]), tf.zeros([2, 1, 1, 3])];
      const wrong = [
        tf.zeros([2, 1, 1, 4]),
        tf.zeros([1, 1, 1, 3]),
        tf.zeros([2, 3]),
        tf.zeros([2, 4, 4, 3]),
      ];
      for (const bad of wrong) {
        expect(() => runOp('PhalanxChannelScale', types, [x, bad])).toThrow(refused);
        expect(() => runOp('PhalanxSpatialMeanGrad', types, [bad, x])).toThrow(refused);
        expect(() => runOps('PhalanxChannelScaleGrad', types, [x, x, bad], 2)).toThrow(refused);
      }
      expect(() => runOps('PhalanxChannelScaleGrad', types, [tf.zeros([2, 4, 3, 3]), x, logits], 2)).toThrow(
        refused,
      );
      expect(() => runOp('PhalanxSpatialMean', types, [tf.zeros([4, 4])])).toThrow(refused);
      expect(runOp('PhalanxSpatialMean', types, [tf.slice(x, 0, [2, 4, 4, 0])]).shape).toEqual([2, 1, 1, 0]);
      expect([...runOp('PhalanxSpatialMean', types, [tf.slice(x, 0, [1, 0, 4, 2])]).dataSync()]).toEqual([
        NaN,
        NaN,
      ]);
    });
  });
});
