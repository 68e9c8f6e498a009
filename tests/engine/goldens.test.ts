import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { batchNormTraining } from '../../src/engine/ops/batchNorm.ts';
import { conv2d, convTranspose2d } from '../../src/engine/ops/conv2d.ts';
import type { Conv2dOptions } from '../../src/engine/ops/conv2d.ts';
import { maxPool2d } from '../../src/engine/ops/maxPool2d.ts';
import { silu } from '../../src/engine/ops/silu.ts';
import { resizeBilinear, resizeNearest } from '../../src/engine/ops/resize.ts';

interface Packed {
  readonly shape: number[];
  readonly values: number[];
}

interface Case {
  readonly op:
    | 'conv2d'
    | 'convTranspose2d'
    | 'maxPool2d'
    | 'resizeNearest'
    | 'resizeBilinear'
    | 'batchNormTraining'
    | 'silu';
  readonly options: Conv2dOptions & { size?: [number, number]; kernel?: number };
  readonly inputs: Packed[];
  readonly result: Packed;
  readonly projection: Packed;
  readonly gradients: Packed[];
  readonly statistics?: Packed[];
}

const cases = JSON.parse(
  readFileSync(new URL('../goldens/engine/ops.json', import.meta.url), 'utf8'),
) as Case[];

function run({ op, options }: Case, inputs: readonly tf.Tensor[]): tf.Tensor {
  const [x, second, third] = inputs as [tf.Tensor4D, tf.Tensor, tf.Tensor];
  switch (op) {
    case 'conv2d':
      return conv2d(x, second as tf.Tensor4D, options);
    case 'convTranspose2d':
      return convTranspose2d(x, second as tf.Tensor4D, options);
    case 'maxPool2d':
      // All values below zero: padding that is zero instead of -infinity would win.
      return maxPool2d(tf.sub(x, 3), {
        ...(options as { stride?: number; padding?: number }),
        kernel: options.kernel!,
      });
    case 'resizeNearest':
      return resizeNearest(x, options.size!);
    case 'resizeBilinear':
      return resizeBilinear(x, options.size!);
    case 'batchNormTraining':
      return batchNormTraining(x, second as tf.Tensor1D, third as tf.Tensor1D).y;
    case 'silu':
      return silu(tf.mul(x, 3));
  }
}

function expectClose(actual: tf.Tensor, expected: Packed): void {
  expect(actual.shape).toEqual(expected.shape);
  actual.dataSync().forEach((value: number, index: number) => {
    expect(Math.abs(value - expected.values[index]!), `[${index}]`).toBeLessThan(
      2e-5 * Math.max(1, Math.abs(expected.values[index]!)),
    );
  });
}

beforeAll(async () => {
  await startEngine();
});

describe('ops give what PyTorch gives, forward and backward', () => {
  it.each(cases.map((golden) => [`${golden.op} ${JSON.stringify(golden.options)}`, golden] as const))(
    '%s',
    (_, golden) => {
      tf.tidy(() => {
        const inputs = golden.inputs.map(({ values, shape }) => tf.tensor(values, shape));
        expectClose(run(golden, inputs), golden.result);
        const projection = tf.tensor(golden.projection.values, golden.projection.shape);
        const gradients = tf.grads((...values: tf.Tensor[]) =>
          tf.sum(tf.mul(run(golden, values), projection)),
        )(inputs);
        gradients.forEach((gradient, position) => {
          expectClose(gradient, golden.gradients[position]!);
        });
        if (golden.statistics !== undefined) {
          const { mean, variance } = batchNormTraining(
            ...(inputs as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D]),
          );
          expectClose(mean, golden.statistics[0]!);
          expectClose(variance, golden.statistics[1]!);
        }
      });
    },
  );
});
