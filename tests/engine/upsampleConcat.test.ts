import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { attribute, runOp, runOps } from '../../src/engine/op.ts';
import { composedUpsampleConcat, upsampleConcat } from '../../src/engine/ops/upsampleConcat.ts';
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

interface Case {
  readonly x: readonly [number, number, number, number];
  readonly size: readonly [number, number];
  /** Channels of each. */
  readonly skips: readonly number[];
}

const cases: Record<string, Case> = {
  'doubled, one skip': { x: [2, 8, 6, 16], size: [16, 12], skips: [8] },
  'doubled, three skips, odd channels': { x: [2, 7, 5, 3], size: [14, 10], skips: [5, 1, 7] },
  'no skip': { x: [1, 9, 4, 11], size: [18, 8], skips: [] },
  'odd sizes': { x: [3, 7, 5, 6], size: [13, 11], skips: [4] },
  'of its own size': { x: [2, 5, 9, 4], size: [5, 9], skips: [2] },
  'made smaller': { x: [2, 9, 7, 4], size: [4, 5], skips: [3] },
  'threefold and of one column': { x: [1, 10, 1, 4], size: [30, 7], skips: [2] },
  'enough for several threads': { x: [2, 48, 40, 32], size: [96, 80], skips: [16, 8] },
};

function inputsOf({ x, size, skips }: Case): tf.Tensor[] {
  return [arbitrary(x, 0), ...skips.map((channels, i) => arbitrary([x[0], ...size, channels], i + 1))];
}

const bind =
  (op: typeof upsampleConcat, size: Case['size']) =>
  (x: tf.Tensor, ...skips: tf.Tensor[]) =>
    op(x as tf.Tensor4D, size, skips as tf.Tensor4D[]);

describe('upsampling and concatenation in one pass', () => {
  it.each(Object.entries(cases))('is that of separate ops, as are its gradients: %s', (_, settings) => {
    const inputs = inputsOf(settings);
    const received = resultAndGradients(bind(upsampleConcat, settings.size), inputs);
    const expected = resultAndGradients(bind(composedUpsampleConcat, settings.size), inputs);
    expectSame([received[0]!], [expected[0]!]);
    expectClose(received, expected, 1e-6);
    tf.dispose(inputs);
  });

  it('is the same bit for bit whenever it is computed', () => {
    const settings = cases['enough for several threads']!;
    const inputs = inputsOf(settings);
    const run = () => resultAndGradients(bind(upsampleConcat, settings.size), inputs);
    const first = run();
    for (let i = 0; i < 5; i++) expectSame(run(), first);
    tf.dispose(inputs);
  });

  it.each(Object.entries(cases))('copies bfloat16 and adds its gradients in float32: %s', (_, settings) => {
    tf.tidy(() => {
      const { x, size, skips } = settings;
      const inputs = inputsOf(settings).map(asBfloat16);
      const expected = tf.tidy(() => bind(composedUpsampleConcat, size)(...(inputs as [tf.Tensor])));
      const count = attribute.int('N', skips.length);
      const [y] = runInBfloat16('PhalanxUpsampleConcat', [count, attribute.ints('size', size)], inputs, 1);
      expectSame([y!], [expected.dataSync() as Float32Array]);

      const dy = asBfloat16(arbitrary(expected.shape, 9));
      const exact = tf.grads(bind(composedUpsampleConcat, size))(inputs, dy);
      const attributes = [
        count,
        attribute.ints('size', x.slice(1, 3)),
        attribute.ints('channels', [x[3], ...skips]),
      ];
      const received = runInBfloat16('PhalanxUpsampleConcatGrad', attributes, [dy], inputs.length);
      // Rounded once, to eight bits.
      const rounded = exact.map((gradient) => asBfloat16(gradient).dataSync() as Float32Array);
      expectClose(received, rounded, 2 ** -8);
    });
  });

  it('refuses shapes that do not fit', () => {
    tf.tidy(() => {
      const refused = expect.objectContaining({ code: 'engine/op' }) as unknown;
      const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 2]);
      const of = (...shape: [number, number, number, number]) => tf.zeros<tf.Rank.R4>(shape);
      expect(() => upsampleConcat(x, [8, 8], [of(1, 8, 7, 2)])).toThrow(refused);
      expect(() => upsampleConcat(x, [8, 8], [of(2, 8, 8, 2)])).toThrow(refused);
      expect(() => upsampleConcat(x, [0, 8], [])).toThrow(refused);
      expect(() => upsampleConcat(tf.slice(x, 0, [1, 0, 4, 2]), [8, 8], [])).toThrow(refused);
      expect(() => upsampleConcat(x, [2 ** 40, 2 ** 40], [])).toThrow(refused);
      const gradient = (size: number[], channels: number[], dy: tf.Tensor = of(1, 8, 8, 3)) => {
        const attributes = [
          attribute.type('T'),
          attribute.int('N', 1),
          attribute.ints('size', size),
          attribute.ints('channels', channels),
        ];
        return runOps('PhalanxUpsampleConcatGrad', attributes, [dy], 2);
      };
      expect(gradient([4, 4], [2, 1]).map(({ shape }) => shape)).toEqual([
        [1, 4, 4, 2],
        [1, 8, 8, 1],
      ]);
      expect(() => gradient([4, 4], [2, 2])).toThrow(refused);
      expect(() => gradient([4, 4], [4, -1])).toThrow(refused);
      expect(() => gradient([4, 4], [3])).toThrow(refused);
      expect(() => gradient([4], [2, 1])).toThrow(refused);
      expect(() => gradient([2 ** 40, 2 ** 40], [2, 1])).toThrow(refused);
      expect(() => gradient([4, 4], [2, 1], tf.zeros([8, 3]))).toThrow(refused);
      const flat = [attribute.type('T'), attribute.int('N', 0), attribute.ints('size', [8, 8])];
      expect(() => runOp('PhalanxUpsampleConcat', flat, [tf.zeros([4, 4])])).toThrow(refused);
    });
  });
});
