import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { labelBoundaries } from '../../src/objectives/labelBoundaries.ts';
import { buildLoss, lossOfOutput } from '../../src/objectives/losses/loss.ts';
import type { LossSpec } from '../../src/objectives/losses/loss.ts';
import { blendedLabels } from '../../src/objectives/losses/targets.ts';
import type { BlendedLabels } from '../../src/objectives/losses/targets.ts';

interface Goldens {
  readonly shape: [number, number, number, number];
  readonly logits: number[];
  readonly first: number[];
  readonly second: number[];
  readonly shares: number[];
  readonly cases: readonly { readonly spec: LossSpec; readonly value: number; readonly gradient: number[] }[];
}

const goldens = JSON.parse(
  await readFile(new URL('../goldens/objectives/softLosses.json', import.meta.url), 'utf8'),
) as Goldens;

beforeAll(async () => {
  await startEngine();
});

function pack(targets: readonly number[]): tf.Tensor4D {
  const [batch, height, width, classes] = goldens.shape;
  const labels = new Int32Array(batch * height * width);
  for (let i = 0; i < targets.length; i++) labels[Math.floor(i / classes)]! |= targets[i]! << (i % classes);
  return tf.tensor4d(labels, [batch, height, width, 1], 'int32');
}

const logitsOf = (): tf.Tensor4D => tf.tensor4d(goldens.logits, goldens.shape);
const targetsOf = (): BlendedLabels =>
  blendedLabels(tf.concat([pack(goldens.first), pack(goldens.second)], 3), tf.tensor1d(goldens.shares));

test.each(goldens.cases.map((golden) => [JSON.stringify(golden.spec), golden] as const))(
  '%s of blended labels equals PyTorch and segmentation-models-pytorch on targets between 0 and 1',
  (_spec, golden) => {
    tf.tidy(() => {
      const targets = targetsOf();
      const loss = buildLoss(golden.spec);
      const { value, grad } = tf.valueAndGrad((x: tf.Tensor4D) => loss(x, targets))(logitsOf());
      const gradient = grad.dataSync();
      expect(Math.abs(value.dataSync()[0]! - golden.value)).toBeLessThan(1e-5 * Math.max(1, golden.value));
      const worst = golden.gradient.reduce(
        (max, expected, i) => Math.max(max, Math.abs(expected - gradient[i]!)),
        0,
      );
      expect(worst).toBeLessThan(1e-5);
      expect(golden.gradient.some((g) => Math.abs(g) > 1e-3)).toBe(true);
    });
  },
);

test.each<LossSpec>([{ name: 'bce', posWeight: 2 }, { name: 'dice' }, { name: 'focal', alpha: 0.3 }])(
  '$name of a share of 0 or 1 is that of the one label',
  (spec) => {
    tf.tidy(() => {
      const loss = buildLoss(spec);
      const [first, second] = [pack(goldens.first), pack(goldens.second)];
      for (const [share, label] of [
        [0, first],
        [1, second],
      ] as const) {
        const shares = tf.fill<tf.Rank.R1>([2], share);
        const soft = loss(logitsOf(), { first, second, shares }).dataSync()[0]!;
        expect(soft).toBeCloseTo(loss(logitsOf(), label).dataSync()[0]!, 5);
      }
    });
  },
);

test('an auxiliary head of boundaries is compared with those of both labels', () => {
  tf.tidy(() => {
    const targets = targetsOf();
    const loss = buildLoss({ name: 'bce' });
    const logits = logitsOf();
    const main = loss(logits, targets).dataSync()[0]!;
    const boundaries = {
      ...targets,
      first: labelBoundaries(targets.first),
      second: labelBoundaries(targets.second),
    };
    const side = loss(logits, boundaries).dataSync()[0]!;
    expect(side).not.toBeCloseTo(main, 3);
    const value = lossOfOutput(loss, { logits, auxiliary: [logits] }, targets, 0.25, 'boundaries');
    expect(value.dataSync()[0]).toBeCloseTo(main + 0.25 * side, 5);
  });
});

test.each<LossSpec>([{ name: 'bce' }, { name: 'dice' }, { name: 'focal', gamma: 0.5 }])(
  'logits of any size leave value and gradient of $name finite',
  (spec) => {
    tf.tidy(() => {
      const logits = tf.tensor4d([-1e30, 1e30, -1e4, 1e4, -88, 88, 0, 0], [2, 2, 2, 1]);
      const [first, second] = [0, 1].map((odd) =>
        tf.tensor4d([0, 1, 0, 1, 1, 0, odd, 0], [2, 2, 2, 1], 'int32'),
      ) as [tf.Tensor4D, tf.Tensor4D];
      const targets = { first, second, shares: tf.tensor1d([0.5, 0.1]) };
      const { value, grad } = tf.valueAndGrad((x: tf.Tensor4D) => buildLoss(spec)(x, targets))(logits);
      expect(Number.isFinite(value.dataSync()[0])).toBe(true);
      expect([...grad.dataSync()].every(Number.isFinite)).toBe(true);
    });
  },
);
