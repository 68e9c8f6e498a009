import { beforeAll, expect, test } from 'vitest';
import type { Batch } from '../../src/data/batch.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { stateDict } from '../../src/nn/stateDict.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import type { LossSpec } from '../../src/objectives/losses/loss.ts';
import { train } from '../../src/training/train.ts';
import { TinyModel, makeBatch, normalization } from './tiny.ts';

beforeAll(async () => {
  await startEngine();
});

interface Result {
  readonly losses: number[];
  readonly norms: number[];
  readonly weights: Map<string, number[]>;
}

/** Six updates on the same 24 images, four in each update, `batchSize` at a time. */
async function trained(batchSize: 1 | 2 | 4, loss: LossSpec): Promise<Result> {
  const model = new TinyModel({ norm: false });
  const perEpoch = 24 / batchSize;
  const events = train({
    model,
    loss: buildLoss(loss),
    optimizer: { name: 'adamw', learningRate: 0.01, epsilon: 1e-5 },
    schedule: { name: 'constant' },
    async *batches(): AsyncGenerator<Batch> {
      for (let i = 0; i < perEpoch; i++) {
        const ids = Array.from({ length: batchSize }, (_, j) => `image ${i * batchSize + j}`);
        yield await Promise.resolve(makeBatch(ids));
      }
    },
    batchesPerEpoch: perEpoch,
    accumulate: 4 / batchSize,
    length: { epochs: 1 },
    precision: 'float32',
    normalization,
    clipNorm: 0.2,
    seed: 0,
  });
  const [losses, norms]: [number[], number[]] = [[], []];
  for await (const event of events) {
    if (event.type !== 'step') continue;
    losses.push(event.loss);
    norms.push(event.gradientNorm!);
  }
  const weights = new Map([...stateDict(model)].map(([name, { data }]) => [name, Array.from(data, Number)]));
  model.dispose();
  return { losses, norms, weights };
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

test.each([1, 2] as const)('batches of %i accumulated to 4 train as batches of 4 do', async (batchSize) => {
  const [whole, parts] = [await trained(4, { name: 'bce' }), await trained(batchSize, { name: 'bce' })];
  expect(parts.losses).toHaveLength(6);
  expect(largestDifference(whole.losses, parts.losses)).toBeLessThan(1e-6);
  expect(largestDifference(whole.norms, parts.norms)).toBeLessThan(1e-6);
  for (const [name, values] of whole.weights) {
    expect(largestDifference(values, parts.weights.get(name)!)).toBeLessThan(1e-6);
  }
});

test('Dice is taken over a batch, so there accumulation is another loss, as documented', async () => {
  const [whole, parts] = [await trained(4, { name: 'dice' }), await trained(1, { name: 'dice' })];
  expect(largestDifference(whole.losses, parts.losses)).toBeGreaterThan(1e-5);
});
