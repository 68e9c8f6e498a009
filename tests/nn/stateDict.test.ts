import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { PhalanxError } from '../../src/core/errors.ts';
import { BatchNorm2d } from '../../src/nn/batchNorm2d.ts';
import { Conv2d } from '../../src/nn/conv2d.ts';
import { initialize } from '../../src/nn/initialize.ts';
import type { HostTensor } from '../../src/nn/safetensors/format.ts';
import { Sequential } from '../../src/nn/sequential.ts';
import { loadStateDict, stateDict } from '../../src/nn/stateDict.ts';

const build = (outChannels = 3) =>
  new Sequential([new Conv2d({ inChannels: 2, outChannels, kernelSize: 3 }), new BatchNorm2d(outChannels)]);

beforeAll(async () => {
  await startEngine();
});

test('kernels are [out, in, H, W] outside and [H, W, in, out] inside', () => {
  const layer = new Conv2d({ inChannels: 2, outChannels: 2, kernelSize: 1, bias: false });
  const tensor: HostTensor = { dtype: 'F32', shape: [2, 2, 1, 1], data: new Float32Array([1, 2, 3, 4]) };
  loadStateDict(layer, new Map([['weight', tensor]]));
  expect([...layer.weight.variable.dataSync()]).toEqual([1, 3, 2, 4]);
  expect(stateDict(layer).get('weight')).toEqual(tensor);
  layer.dispose();
});

test('what is saved loads as it was, from half precision too', () => {
  const model = build();
  initialize(model, 1);
  const saved = stateDict(model);
  const other = build();
  initialize(other, 2);
  expect(stateDict(other)).not.toEqual(saved);
  loadStateDict(other, saved);
  expect(stateDict(other)).toEqual(saved);

  const half = new Map(saved).set('1.weight', {
    dtype: 'F16',
    shape: [3],
    data: new Uint16Array([0x3c00, 0, 0x4000]),
  });
  loadStateDict(other, half);
  expect(stateDict(other).get('1.weight')!.data).toEqual(new Float32Array([1, 0, 2]));
  model.dispose();
  other.dispose();
});

test('the same seed gives the same weights, another seed others', () => {
  const [a, b, c] = [build(), build(), build()];
  initialize(a, 5);
  initialize(b, 5);
  initialize(c, 6);
  expect(stateDict(a)).toEqual(stateDict(b));
  expect(stateDict(a).get('0.weight')).not.toEqual(stateDict(c).get('0.weight'));
  for (const model of [a, b, c]) model.dispose();
});

test('weights that do not fit name every kind of defect and load nothing', () => {
  const before = nativeTensorCount();
  const model = build();
  initialize(model, 0);
  const saved = stateDict(model);
  const wrong = new Map(saved);
  wrong.delete('0.weight');
  wrong.delete('1.num_batches_tracked');
  wrong.set('module.0.weight', saved.get('0.weight')!);
  wrong.set('1.bias', { dtype: 'F32', shape: [4], data: new Float32Array(4) });
  let error: unknown;
  try {
    loadStateDict(model, wrong, 'weights.safetensors');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(PhalanxError);
  expect((error as PhalanxError).code).toBe('model/state-mismatch');
  expect((error as PhalanxError).message).toContain(
    '(weights.safetensors): received 1 missing: 0.weight (there is module.0.weight); ' +
      '1 unexpected: module.0.weight; 1 of another shape: 1.bias is [4] instead of [3].',
  );
  expect(stateDict(model)).toEqual(saved);
  model.dispose();
  expect(nativeTensorCount()).toBe(before);
});

test('a file without num_batches_tracked counts from zero', () => {
  const model = build();
  initialize(model, 0);
  const old = new Map([...stateDict(model)].filter(([name]) => name !== '1.num_batches_tracked'));
  loadStateDict(model, old);
  expect(stateDict(model).get('1.num_batches_tracked')!.data).toEqual(new BigInt64Array([0n]));
  model.dispose();
});

test('a disposed model has no values', () => {
  const numTensors = tf.memory().numTensors;
  const model = build();
  expect(() => stateDict(model)).toThrow('no value yet');
  initialize(model, 0);
  model.dispose();
  expect(() => stateDict(model)).toThrow('no value yet');
  expect(tf.memory().numTensors).toBe(numTensors);
});
