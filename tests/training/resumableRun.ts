/** Trains a small U-Net in a process of its own and prints each step as `step loss`: `resumableRun.ts DIRECTORY`. */
import type { Batch } from '../../src/data/batch.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import { train } from '../../src/training/train.ts';
import { classes, makeBatch, normalization } from './tiny.ts';

const [directory] = process.argv.slice(2);
await startEngine();
const model = buildModel({
  decoder: { name: 'unet', channels: [32, 16, 16], useNorm: 'batchnorm' },
  encoder: { name: 'resnet18', depth: 3 },
  inChannels: 3,
  classes: classes.length,
});

async function* batches(epoch: number, startBatch: number): AsyncGenerator<Batch> {
  for (let i = startBatch; i < 6; i++)
    yield await Promise.resolve(makeBatch([`${epoch} ${i} a`, `${epoch} ${i} b`], 64));
}

const events = train({
  model,
  loss: buildLoss([{ name: 'bce' }, { name: 'dice' }]),
  optimizer: { name: 'adamw', learningRate: 1e-3 },
  schedule: { name: 'oneCycle' },
  batches,
  batchesPerEpoch: 6,
  length: { epochs: 2 },
  precision: 'float32',
  normalization,
  seed: 5,
  directory,
  resume: true,
  checkpointEvery: 4,
});
for await (const event of events) {
  if (event.type === 'step') process.stdout.write(`${event.step} ${event.loss}\n`);
}
