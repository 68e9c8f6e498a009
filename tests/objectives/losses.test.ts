import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { conv2d } from '../../src/engine/ops/conv2d.ts';
import { buildLoss, lossOfOutput, lossSchema } from '../../src/objectives/losses/loss.ts';
import { labelBoundaries } from '../../src/objectives/labelBoundaries.ts';
import type { LossSpec } from '../../src/objectives/losses/loss.ts';

interface Goldens {
  readonly shape: [number, number, number, number];
  readonly logits: number[];
  readonly targets: Readonly<Record<'present' | 'absent', number[]>>;
  readonly cases: readonly {
    readonly spec: LossSpec;
    readonly targets: 'present' | 'absent';
    readonly value: number;
    readonly gradient: number[];
  }[];
}

const goldens = JSON.parse(
  await readFile(new URL('../goldens/objectives/losses.json', import.meta.url), 'utf8'),
) as Goldens;

beforeAll(async () => {
  await startEngine();
});

function inputs(which: 'present' | 'absent'): [logits: tf.Tensor4D, labels: tf.Tensor4D] {
  return [tf.tensor4d(goldens.logits, goldens.shape), pack(goldens.targets[which], goldens.shape)];
}

/** Zeros and ones `[N, H, W, C]` as packed labels. */
function pack(
  targets: ArrayLike<number>,
  [batch, height, width, classes]: [number, number, number, number],
): tf.Tensor4D {
  const labels = new Int32Array(batch * height * width);
  for (let i = 0; i < targets.length; i++) labels[Math.floor(i / classes)]! |= targets[i]! << (i % classes);
  return tf.tensor4d(labels, [batch, height, width, 1], 'int32');
}

describe('losses equal PyTorch and segmentation-models-pytorch', () => {
  test.each(goldens.cases.map((golden) => [JSON.stringify(golden.spec), golden.targets, golden] as const))(
    '%s, every class %s',
    (_spec, which, golden) => {
      tf.tidy(() => {
        const [logits, labels] = inputs(which);
        const loss = buildLoss(golden.spec);
        const { value, grad } = tf.valueAndGrad((x: tf.Tensor4D) => loss(x, labels))(logits);
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
});

test('an auxiliary head of boundaries is compared with those of the labels', () => {
  tf.tidy(() => {
    const [logits, labels] = inputs('present');
    const loss = buildLoss({ name: 'bce' });
    const output = { logits, auxiliary: [logits] };
    const boundary = loss(logits, labelBoundaries(labels)).dataSync()[0]!;
    const main = loss(logits, labels).dataSync()[0]!;
    expect(boundary).not.toBeCloseTo(main, 3);
    const value = lossOfOutput(loss, output, labels, [0.25], 'boundaries').dataSync()[0]!;
    expect(value).toBeCloseTo(main + 0.25 * boundary, 6);
  });
});

test('an auxiliary head adds half of its loss, or its own share', () => {
  tf.tidy(() => {
    const [logits, labels] = inputs('present');
    const auxiliary = tf.mul<tf.Tensor4D>(logits, 0.5);
    const loss = buildLoss({ name: 'bce' });
    const main = loss(logits, labels).dataSync()[0]!;
    const side = loss(auxiliary, labels).dataSync()[0]!;
    expect(lossOfOutput(loss, { logits, auxiliary: [auxiliary] }, labels).dataSync()[0]).toBeCloseTo(
      main + 0.5 * side,
      6,
    );
    expect(lossOfOutput(loss, { logits }, labels).dataSync()[0]).toBeCloseTo(main, 6);
    const several = { logits, auxiliary: [auxiliary, logits] };
    const weighted = lossOfOutput(loss, several, labels, [0.25, 2]).dataSync()[0];
    expect(weighted).toBeCloseTo(3 * main + 0.25 * side, 5);
  });
});

test.each<LossSpec>([{ name: 'bce', posWeight: 2 }, { name: 'dice' }, { name: 'focal' }])(
  '$name is computed in float32 between convolutions in bfloat16',
  async (spec) => {
    const loss = buildLoss(spec);
    const x = tf.randomUniform<tf.Rank.R4>([2, 64, 64, 16], -1, 1, 'float32', 1);
    const labels = tf.randomUniform<tf.Rank.R4>([2, 64, 64, 1], 0, 1 << 8, 'int32', 2);
    const kernel = tf.variable(tf.randomNormal([3, 3, 16, 8], 0, 0.5, 'float32', 3));
    const convolve = (): tf.Tensor4D => conv2d(x, kernel as unknown as tf.Tensor4D, { padding: 1 });
    const step = compile(
      (z: tf.Tensor4D) => {
        const logits = convolve();
        const { value, grads } = tf.variableGrads(
          () => lossOfOutput(loss, { logits: convolve() }, z),
          [kernel],
        );
        return { logits, value, gradient: grads[kernel.name]! };
      },
      { name: 'step', precision: 'bfloat16' },
    );
    const { logits, value, gradient } = await step(labels);
    const exact = tf.tidy(() => loss(logits, labels).dataSync()[0]!);
    const rounded = [...logits.dataSync()].every((v) => Math.fround(v) === v && bfloat16(v) === v);
    expect(rounded).toBe(true);
    expect(Math.abs(value.dataSync()[0]! - exact)).toBeLessThan(1e-6 * exact);
    tf.dispose([x, labels, kernel, logits, value, gradient]);
    step.dispose();
  },
);

/** The value without what bfloat16 cannot hold. */
function bfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0]! &= 0xffff0000;
  return new Float32Array(bits.buffer)[0]!;
}

test('logits of any size leave value and gradient finite', () => {
  const specs: LossSpec[] = [{ name: 'bce', posWeight: 9 }, { name: 'dice' }, { name: 'focal', gamma: 0.5 }];
  for (const spec of specs) {
    tf.tidy(() => {
      const logits = tf.tensor4d([-1e30, 1e30, -1e4, 1e4, -88, 88, 0, 0], [1, 2, 4, 1]);
      const labels = pack([0, 1, 0, 1, 1, 0, 1, 0], [1, 2, 4, 1]);
      const { value, grad } = tf.valueAndGrad((x: tf.Tensor4D) => buildLoss(spec)(x, labels))(logits);
      expect(Number.isFinite(value.dataSync()[0])).toBe(true);
      expect([...grad.dataSync()].every(Number.isFinite)).toBe(true);
    });
  }
});

test('one positive weight per class or none at all', () => {
  tf.tidy(() => {
    const [logits, labels] = inputs('present');
    const loss = buildLoss({ name: 'bce', posWeight: [1, 2] });
    expect(() => loss(logits, labels)).toThrow(PhalanxError);
    expect(() => loss(logits, labels)).toThrow(/3 weights, one per class.*received 2/);
  });
});

test.each([
  { name: 'bec' },
  { name: 'bce', posweight: 2 },
  { name: 'dice', smooth: -1 },
  { name: 'focal', alpha: 1.5 },
  { name: 'bce', weight: Number.NaN },
  [],
])('refuses %j', (spec) => {
  expect(lossSchema.safeParse(spec).success).toBe(false);
});
