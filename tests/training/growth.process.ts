/** Trains a small U-Net and prints, every few steps, what is alive and how much memory is resident. */
import * as tf from '@tensorflow/tfjs-core';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import { train } from '../../src/training/train.ts';
import { classes, makeBatch, normalization } from './tiny.ts';

const steps = Number(process.argv[2]);
const every = 20;
const size = 64;

await startEngine();
const model = buildModel({
  decoder: { name: 'unet', channels: [64, 32, 16] },
  encoder: { name: 'resnet18', depth: 3 },
  inChannels: 3,
  classes: classes.length,
});
const events = train({
  model,
  loss: buildLoss([{ name: 'bce' }, { name: 'dice' }]),
  optimizer: { name: 'adamw', learningRate: 1e-4 },
  schedule: { name: 'constant' },
  async *batches(_, start) {
    for (let i = start; i < steps; i++) yield await Promise.resolve(makeBatch([`${i}a`, `${i}b`], size));
  },
  batchesPerEpoch: steps,
  length: { steps },
  precision: 'float32',
  normalization,
  clipNorm: 1,
  seed: 1,
});
for await (const event of events) {
  if (event.type !== 'step' || event.step % every !== 0) continue;
  // Rubbish that JavaScript has not collected yet is not growth.
  globalThis.gc?.();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const tensors = [tf.memory().numTensors, nativeTensorCount()];
  console.log(JSON.stringify({ step: event.step, tensors, rss, heapUsed, external, arrayBuffers }));
}
model.dispose();
