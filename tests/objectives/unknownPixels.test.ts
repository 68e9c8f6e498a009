import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { labelBoundaries } from '../../src/objectives/labelBoundaries.ts';
import { buildLoss, lossOfOutput } from '../../src/objectives/losses/loss.ts';
import type { LossSpec } from '../../src/objectives/losses/loss.ts';
import { partlyKnown } from '../../src/objectives/losses/partlyKnown.ts';
import { blendedLabels } from '../../src/objectives/losses/targets.ts';
import type { PartlyKnown } from '../../src/objectives/losses/targets.ts';

type Shape = [number, number, number, number];

interface Goldens {
  readonly shape: Shape;
  readonly logits: number[];
  readonly targets: number[];
  readonly unknown: number[];
  readonly cases: readonly {
    readonly spec: LossSpec;
    readonly value: number;
    readonly gradient: number[];
  }[];
}

const goldens = JSON.parse(
  await readFile(new URL('../goldens/objectives/unknownLosses.json', import.meta.url), 'utf8'),
) as Goldens;

beforeAll(async () => {
  await startEngine();
});

/** Packed labels `[N, H, W, planes]` of zeros and ones `[N, H, W, C]`, and of the unknown pixels in class C. */
function pack(targets: ArrayLike<number>, unknown: ArrayLike<number>, [n, h, w, c]: Shape): tf.Tensor4D {
  const planes = Math.ceil((c + 1) / 32);
  const labels = new Int32Array(n * h * w * planes);
  for (let i = 0; i < n * h * w; i++) {
    for (let k = 0; k <= c; k++) {
      const value = k === c ? unknown[i]! : targets[i * c + k]!;
      labels[i * planes + (k >> 5)]! |= value << (k & 31);
    }
  }
  return tf.tensor4d(labels, [n, h, w, planes], 'int32');
}

/** Largest difference of value and gradient. */
function difference(
  spec: LossSpec,
  logits: tf.Tensor4D,
  targets: PartlyKnown,
  expected: { readonly value: number; readonly gradient: ArrayLike<number> },
): number {
  const { value, grad } = tf.valueAndGrad((x: tf.Tensor4D) => buildLoss(spec)(x, targets))(logits);
  const gradient = grad.dataSync();
  const errors = Array.from(expected.gradient, (g, i) => Math.abs(g - gradient[i]!));
  return Math.max(Math.abs(value.dataSync()[0]! - expected.value) / Math.max(1, expected.value), ...errors);
}

describe('losses of unknown pixels equal those of segmentation-models-pytorch with ignore_index', () => {
  test.each(goldens.cases.map((golden) => [JSON.stringify(golden.spec), golden] as const))(
    '%s',
    (_, golden) => {
      tf.tidy(() => {
        const { shape } = goldens;
        const labels = pack(goldens.targets, goldens.unknown, shape);
        const targets = partlyKnown(labels, shape[3]);
        const logits = tf.tensor4d(goldens.logits, shape);
        expect(difference(golden.spec, logits, targets, golden)).toBeLessThan(1e-5);
        expect(golden.gradient.some((g) => Math.abs(g) > 1e-3)).toBe(true);
      });
    },
  );
});

describe('unknown pixels', () => {
  const random = Random.from('unknown pixels');
  const bits = (count: number, share: number): number[] =>
    Array.from({ length: count }, () => (random.uniform() < share ? 1 : 0));

  test.each([31, 32, 33])('are split off behind %i classes', (classes) => {
    tf.tidy(() => {
      const shape: Shape = [1, 3, 4, classes];
      const [targets, unknown] = [bits(12 * classes, 0.5), bits(12, 0.5)];
      const split = partlyKnown(pack(targets, unknown, shape), classes);
      const cleared = targets.map((value, i) => (unknown[Math.floor(i / classes)] === 1 ? 0 : value));
      const planes = Math.ceil(classes / 32);
      const expected = pack(cleared, new Uint8Array(12), shape);
      const known = tf.slice(expected, [0, 0, 0, 0], [-1, -1, -1, planes]);
      expect([...split.unknown.dataSync()]).toEqual(unknown);
      expect([...(split.labels as tf.Tensor4D).dataSync()]).toEqual([...known.dataSync()]);
    });
  });

  test.each<LossSpec>([{ name: 'bce', posWeight: 2 }, { name: 'dice' }, { name: 'focal' }])(
    'of either of two blended samples do not count: $name',
    (spec) => {
      tf.tidy(() => {
        const shape: Shape = [2, 4, 4, 3];
        const pixels = 32;
        const shares = tf.tensor1d([0.25, 0.75]);
        const [first, second] = [bits(3 * pixels, 0.4), bits(3 * pixels, 0.4)];
        const [a, b] = [bits(pixels, 0.3), bits(pixels, 0.3)];
        const either = a.map((value, i) => value | b[i]!);
        const logits = tf.randomNormal<tf.Rank.R4>(shape, 0, 2, 'float32', 5);
        const join = (x: tf.Tensor4D, y: tf.Tensor4D) => blendedLabels(tf.concat([x, y], 3), shares);
        const blended = partlyKnown(join(pack(first, a, shape), pack(second, b, shape)), 3);
        // The same as if both had been unknown there, whatever the logits are.
        const both = partlyKnown(join(pack(first, either, shape), pack(second, either, shape)), 3);
        const noise = tf.mul(tf.tensor4d(either, [2, 4, 4, 1]), 7);
        const { value, grad } = tf.valueAndGrad((x: tf.Tensor4D) => buildLoss(spec)(x, both))(
          tf.add(logits, noise),
        );
        const expected = { value: value.dataSync()[0]!, gradient: grad.dataSync() };
        expect(difference(spec, logits, blended, expected)).toBeLessThan(1e-6);
        const slopes = tf.sum(tf.abs(grad), 3).dataSync();
        expect(either.every((is, i) => (is === 1) === (slopes[i] === 0))).toBe(true);
      });
    },
  );

  test('are all there is: no loss, no gradient, nothing that is not finite', () => {
    tf.tidy(() => {
      const shape: Shape = [1, 2, 2, 3];
      const targets = partlyKnown(pack(bits(12, 0.5), [1, 1, 1, 1], shape), 3);
      const zero = { value: 0, gradient: new Float32Array(12) };
      for (const spec of [{ name: 'bce' }, { name: 'dice' }, { name: 'focal' }] as const) {
        expect(difference(spec, tf.randomNormal(shape, 0, 2, 'float32', 1), targets, zero)).toBe(0);
      }
    });
  });

  test('make the boundaries beside them unknown', () => {
    tf.tidy(() => {
      const shape: Shape = [1, 6, 6, 2];
      const targets = bits(72, 0.5);
      const unknown = Array.from({ length: 36 }, (_, i) => (i === 14 ? 1 : 0));
      const known = partlyKnown(pack(targets, unknown, shape), 2);
      const logits = tf.randomNormal<tf.Rank.R4>(shape, 0, 2, 'float32', 2);
      const loss = buildLoss({ name: 'bce' });
      const total = lossOfOutput(
        loss,
        { logits, auxiliary: [logits] },
        known,
        [1],
        'boundaries',
      ).dataSync()[0]!;
      // Pixel 14 is in row 2 and column 2; what lies around it is not judged.
      const beside = Array.from({ length: 36 }, (_, i) =>
        Math.abs(Math.floor(i / 6) - 2) <= 1 && Math.abs((i % 6) - 2) <= 1 ? 1 : 0,
      );
      const edges = labelBoundaries(known.labels as tf.Tensor4D);
      const side = loss(logits, { labels: edges, unknown: tf.tensor4d(beside, [1, 6, 6, 1], 'int32') });
      const main = loss(logits, known).dataSync()[0]!;
      expect(total - main).toBeCloseTo(side.dataSync()[0]!, 6);
    });
  });
});
