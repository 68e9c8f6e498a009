import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { clipFactor, globalNorm } from '../../src/training/gradients.ts';
import { buildOptimizer, optimizerSchema } from '../../src/training/optimizers/build.ts';
import type { OptimizerSpec } from '../../src/training/optimizers/build.ts';

type Values = Readonly<Record<string, readonly number[]>>;

interface Goldens {
  readonly shapes: Readonly<Record<string, number[]>>;
  readonly start: Values;
  readonly gradients: readonly Values[];
  readonly learningRates: readonly number[];
  readonly cases: readonly {
    readonly spec: { readonly name: string };
    readonly clipNorm: number | null;
    readonly momenta: readonly number[] | null;
    readonly norms: readonly number[];
    readonly steps: readonly Values[];
  }[];
}

const goldens = JSON.parse(
  await readFile(new URL('../goldens/objectives/optimizers.json', import.meta.url), 'utf8'),
) as Goldens;

function labelOf({ spec, clipNorm, momenta }: Goldens['cases'][number]): string {
  const clipped = clipNorm === null ? '' : `, clipped at ${clipNorm}`;
  return `${JSON.stringify(spec)}${clipped}${momenta === null ? '' : ', momentum moved'}`;
}

beforeAll(async () => {
  await startEngine();
});

function makeParameters() {
  return Object.entries(goldens.shapes).map(([name, shape]) => {
    const variable = tf.tidy(() => tf.variable(tf.tensor([...goldens.start[name]!], shape)));
    return { name, variable };
  });
}

describe('optimizers equal torch.optim over ten steps', () => {
  test.each(goldens.cases.map((golden) => [labelOf(golden), golden] as const))('%s', (_, golden) => {
    const before = tf.memory().numTensors;
    const parameters = makeParameters();
    const optimizer = buildOptimizer({ learningRate: 1, ...golden.spec } as OptimizerSpec, parameters);
    const held = tf.memory().numTensors;
    for (const [index, values] of goldens.gradients.entries()) {
      tf.tidy(() => {
        let gradients = parameters.map(({ name, variable }) => tf.tensor([...values[name]!], variable.shape));
        const norm = globalNorm(gradients);
        expect(norm.dataSync()[0]).toBeCloseTo(golden.norms[index]!, 5);
        if (golden.clipNorm !== null) {
          const factor = clipFactor(norm, golden.clipNorm);
          gradients = gradients.map((gradient) => tf.mul(gradient, factor));
        }
        const learningRate = goldens.learningRates[index]!;
        const momentum = golden.momenta?.[index];
        const rates = momentum === undefined ? { learningRate } : { learningRate, momentum };
        optimizer.update(gradients, tf.tensor1d(optimizer.hyperparameters(index + 1, rates)));
      });
      for (const { name, variable } of parameters) {
        const actual = variable.dataSync();
        golden.steps[index]![name]!.forEach((expected, i) => {
          expect(Math.abs(actual[i]! - expected)).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected)));
        });
      }
    }
    expect(tf.memory().numTensors).toBe(held);
    optimizer.dispose();
    parameters.forEach(({ variable }) => variable.dispose());
    expect(tf.memory().numTensors).toBe(before);
  });
});

test.each([
  { name: 'adamw', learningRate: 0.1, weightDecay: 0.1 },
  { name: 'adam', learningRate: 0.1, weightDecay: 0.1 },
  { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1 },
] as const)('the standstill of $name changes nothing', (spec) => {
  const parameters = makeParameters();
  const optimizer = buildOptimizer(spec, parameters);
  const update = (values: Values, hyperparameters: Float32Array): void => {
    tf.tidy(() => {
      const gradients = parameters.map(({ name, variable }) => tf.tensor([...values[name]!], variable.shape));
      optimizer.update(gradients, tf.tensor1d(hyperparameters));
    });
  };
  const everything = () =>
    [...parameters.map(({ variable }) => variable), ...optimizer.state.values()].map((v) => [
      ...v.dataSync(),
    ]);

  update(goldens.gradients[0]!, optimizer.hyperparameters(1, { learningRate: 0.1 }));
  const moved = everything();
  const zeros = Object.fromEntries(Object.entries(goldens.start).map(([k, v]) => [k, v.map(() => 0)]));
  update(zeros, optimizer.standstill);
  expect(everything()).toEqual(moved);
  optimizer.dispose();
  parameters.forEach(({ variable }) => variable.dispose());
});

test.each([
  { name: 'adamw' },
  { name: 'adamw', learningRate: 0 },
  { name: 'adam', learningRate: 1, momentum: 0.9 },
  { name: 'sgd', learningRate: 1, nesterov: true },
])('refuses %j', (spec) => {
  expect(optimizerSchema.safeParse(spec).success).toBe(false);
});
