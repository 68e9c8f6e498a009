import * as tf from '@tensorflow/tfjs-core';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { recordPlacement } from '../../src/engine/placement.ts';
import { runningEngine } from '../../src/engine/running.ts';
import { loadNativeEngine } from '../../src/engine/native.ts';
import { parseModel } from '../../src/models/modelSchema.ts';
import { placeModel } from '../../src/models/placeModel.ts';

/** Whether a GPU is there, asked in a process of its own: an engine starts once. */
function hasGpu(): boolean {
  const code =
    "import('./src/engine/engine.ts').then(async ({ startEngine }) => console.log((await startEngine()).device))";
  const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', '-e', code], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
  });
  return stdout.trim() === 'gpu';
}

it('says what to do about a device that is not there, and starts on another one afterwards', async () => {
  await expect(startEngine({ device: 'tpu' as 'cpu' })).rejects.toMatchObject({ code: 'engine/device' });
  await expect(startEngine({ device: 'gpu:-1' })).rejects.toMatchObject({ code: 'engine/device' });
  await expect(startEngine({ memoryFraction: 1.5 })).rejects.toMatchObject({
    code: 'engine/memory-fraction',
  });
  await expect(startEngine({ device: 'gpu:99' })).rejects.toThrow(
    /^The engine cannot use gpu:99: received .*npm run setup -- --cuda.*nvidia-smi.*cpu or auto/,
  );
  expect(runningEngine()).toBeUndefined();
  const info = await startEngine({ device: 'cpu' });
  expect(info.device).toBe('cpu');
  expect(info.devices.map(({ type }) => type)).toEqual(['CPU']);
  expect(info.devices[0]!.name).toMatch(/device:CPU:0$/);
  expect(loadNativeEngine().devices()).toEqual(info.devices);
});

it.runIf(hasGpu())('computes on the GPU where there is one', () => {
  const program = fileURLToPath(new URL('../../bin/phalanx.js', import.meta.url));
  const model = ['--decoder', 'unet', '--encoder', 'resnet18', '--size', '64', '--placement', '--json'];
  const { stdout, stderr } = spawnSync(process.execPath, [program, 'model', 'summary', ...model], {
    encoding: 'utf8',
  });
  expect(stdout, stderr).not.toBe('');
  const placed = JSON.parse(stdout) as { op: string; device: string }[];
  const convolutions = placed.filter(({ op }) => op.includes('Conv2D'));
  expect(new Set(convolutions.map(({ device }) => device))).toEqual(new Set(['GPU:0']));
});

it('tells what was run where', async () => {
  await startEngine();
  const x = tf.ones<tf.Rank.R2>([2, 2]);
  const compiled = compile((value: tf.Tensor2D) => tf.matMul(value, value), { name: 'placed' });
  const ops = await recordPlacement(async () => {
    tf.dispose(await compiled(x));
  });
  expect(ops.find(({ op }) => op.includes('MatMul'))).toMatchObject({ device: 'CPU:0' });
  // What ran before is not told again, and nothing is kept when it is not asked for.
  tf.dispose(await compiled(x));
  expect(await recordPlacement(() => Promise.resolve())).toEqual([]);
  compiled.dispose();
  x.dispose();
});

it('tells where a model runs, forward and backward', async () => {
  const before = tf.memory().numTensors;
  const kinds = await placeModel(
    parseModel({ decoder: { name: 'unet' }, encoder: { name: 'resnet18' }, inChannels: 1, classes: 2 }),
    [64, 64],
  );
  expect(kinds.find(({ op }) => op.includes('Conv2DBackpropFilter'))?.count).toBeGreaterThan(20);
  expect(new Set(kinds.map(({ device }) => device))).toEqual(new Set(['CPU:0']));
  expect(tf.memory().numTensors).toBe(before);
});
