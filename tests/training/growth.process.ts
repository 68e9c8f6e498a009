/** Run by growth.test.ts: trains a small U-Net and prints, every few steps, what is alive and how much memory it takes. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import { train } from '../../src/training/train.ts';
import { classes, makeBatch, normalization } from './tiny.ts';

/** Memory of the process itself, also where the system has moved it out; pages of mapped files come and go. */
function anonymousBytes(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)![1]);
  return 1024 * (kilobytes('RssAnon') + kilobytes('VmSwap'));
}

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
  async *batches(_epoch, start) {
    for (let i = start; i < steps; i++) yield await Promise.resolve(makeBatch([`${i}a`, `${i}b`], size));
  },
  batchesPerEpoch: steps,
  length: { steps },
  precision: 'float32',
  normalization,
  // Nothing runs when the event of such a step comes.
  checkpointEvery: every,
  clipNorm: 1,
  seed: 1,
});
for await (const event of events) {
  if (event.type !== 'step' || event.step % every !== 0) continue;
  // Rubbish that JavaScript has not collected yet is not growth.
  globalThis.gc?.();
  const tensors = [tf.memory().numTensors, nativeTensorCount()];
  console.log(JSON.stringify({ step: event.step, tensors, bytes: anonymousBytes() }));
}
model.dispose();
