import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { unpackLabels } from '../../src/engine/ops/unpackLabels.ts';

beforeAll(async () => {
  await startEngine();
});

it.each([1, 29, 32, 33, 64])('unpacks %i classes, the sign bit included', (classes) => {
  const planes = Math.ceil(classes / 32);
  const random = Random.from('labels', classes);
  const packed = Int32Array.from({ length: 2 * 3 * planes }, () => random.bits() | 0);
  const unpacked = unpackLabels(tf.tensor4d(packed, [1, 2, 3, planes], 'int32'), classes);
  expect(unpacked.shape).toEqual([1, 2, 3, classes]);
  expect(unpacked.dtype).toBe('float32');
  const expected = Array.from({ length: 6 }, (_, pixel) =>
    Array.from(
      { length: classes },
      (__, label) => (packed[pixel * planes + Math.floor(label / 32)]! >>> (label % 32)) & 1,
    ),
  ).flat();
  expect(Array.from(unpacked.dataSync())).toEqual(expected);
});
