import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import { buildOptimizer } from '../../src/training/optimizers/build.ts';
import { createTrainStep } from '../../src/training/trainStep.ts';
import { TinyModel, makeBatch, normalization } from './tiny.ts';

beforeAll(async () => {
  await startEngine();
});

/** Share of the values that bfloat16 could not hold. */
function shareOfFineValues(values: Float32Array): number {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  return bits.filter((word) => (word & 0xffff) !== 0).length / bits.length;
}

test('in bfloat16 norm, moments, weights and statistics are float32', async () => {
  const model = new TinyModel();
  const parameters = [...model.namedParameters()].map(([name, { variable }]) => ({ name, variable }));
  const optimizer = buildOptimizer({ name: 'adamw', learningRate: 0.01 }, parameters);
  const step = createTrainStep({
    model,
    loss: buildLoss([{ name: 'bce' }, { name: 'dice' }]),
    optimizer,
    parameters,
    normalization,
    precision: 'bfloat16',
    accumulate: 1,
    auxiliaryWeight: 0.5,
  });
  const rates = { learningRate: 0.01 };
  const batch = makeBatch(['a', 'b'], 64);
  const { gradientNorm } = await step.run([batch], optimizer.hyperparameters(1, rates), Int32Array.of(1, 2));

  const moment = (name: string): Float32Array => optimizer.state.get(name)!.dataSync() as Float32Array;
  let squares = 0;
  for (const { name, variable } of parameters) {
    const mean = moment(`${name}.exp_avg`);
    // The first mean is a tenth of the gradient.
    squares += mean.reduce((sum, value) => sum + (10 * value) ** 2, 0);
    expect(shareOfFineValues(mean), `${name} mean`).toBeGreaterThan(0.4);
    expect(shareOfFineValues(moment(`${name}.exp_avg_sq`)), `${name} square`).toBeGreaterThan(0.4);
    expect(shareOfFineValues(variable.dataSync() as Float32Array), name).toBeGreaterThan(0.4);
  }
  expect(Math.abs(gradientNorm - Math.sqrt(squares))).toBeLessThan(1e-4 * gradientNorm);
  for (const [name, { variable, trainable, dtype }] of model.namedState()) {
    if (trainable || dtype === 'int32') continue;
    expect(shareOfFineValues(variable.dataSync() as Float32Array), name).toBeGreaterThan(0.4);
  }
  step.dispose();
  optimizer.dispose();
  model.dispose();
});

test('a batch of another size is traced once more, and only once', async () => {
  const model = new TinyModel();
  const parameters = [...model.namedParameters()].map(([name, { variable }]) => ({ name, variable }));
  const optimizer = buildOptimizer({ name: 'sgd', learningRate: 0.01 }, parameters);
  const step = createTrainStep({
    model,
    loss: buildLoss({ name: 'bce' }),
    optimizer,
    parameters,
    normalization,
    precision: 'float32',
    accumulate: 1,
    auxiliaryWeight: 0.5,
  });
  const traces: number[] = [];
  for (const [index, ids] of [['a', 'b'], ['c', 'd'], ['e'], ['f', 'g'], ['h']].entries()) {
    const hyperparameters = optimizer.hyperparameters(index + 1, { learningRate: 0.1 / (index + 1) });
    await step.run([makeBatch(ids)], hyperparameters, Int32Array.of(index, index));
    traces.push(step.traces);
  }
  expect(traces).toEqual([1, 1, 2, 2, 2]);
  step.dispose();
  optimizer.dispose();
  model.dispose();
});
