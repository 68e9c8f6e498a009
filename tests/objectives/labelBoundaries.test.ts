import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { compile } from '../../src/engine/compile.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { labelBoundaries } from '../../src/objectives/labelBoundaries.ts';

beforeAll(async () => {
  await startEngine();
});

test('the boundary of a square is its outermost pixels and those around them, but not at the edge of the image', () => {
  // Class 0 is a square inside, class 31 (the sign) touches the left and upper edges.
  const inside = ['......', '.####.', '.####.', '.####.', '.####.', '......'];
  const corner = ['###...', '###...', '###...', '......', '......', '......'];
  const expectedInside = ['######', '######', '##..##', '##..##', '######', '######'];
  const expectedCorner = ['..##..', '..##..', '####..', '####..', '......', '......'];
  const pack = (first: string[], last: string[]) =>
    first.flatMap((row, y) =>
      Array.from(row, (pixel, x) => (pixel === '#' ? 1 : 0) | (last[y]![x] === '#' ? 1 << 31 : 0)),
    );
  const labels = tf.tensor4d(pack(inside, corner), [1, 6, 6, 1], 'int32');
  const boundaries = labelBoundaries(labels);
  expect([...boundaries.dataSync()]).toEqual(pack(expectedInside, expectedCorner));
  tf.dispose([labels, boundaries]);
});

test.each<[number, number]>([
  [1, 1],
  [1, 7],
  [9, 1],
  [13, 17],
])('%i×%i pixels, as by definition', async (height, width) => {
  // prettier-ignore
  const random = Random.from('boundaries', height, width);
  const planes = 2;
  const values = Int32Array.from(
    { length: 2 * height * width * planes },
    // Few bits change from pixel to pixel, so that there are insides.
    () => (random.integer(0, 10) === 0 ? random.bits() | 0 : 0x0f0f0f0f),
  );
  const at = (n: number, y: number, x: number, plane: number) =>
    values[((n * height + y) * width + x) * planes + plane]!;
  const expected = values.map((_, index) => {
    const plane = index % planes;
    const x = Math.floor(index / planes) % width;
    const y = Math.floor(index / planes / width) % height;
    const n = Math.floor(index / planes / width / height);
    let [any, all] = [0, -1];
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
        any |= at(n, v, u, plane);
        all &= at(n, v, u, plane);
      }
    }
    return any ^ all;
  });
  const labels = tf.tensor4d(values, [2, height, width, planes], 'int32');
  const traced = compile(labelBoundaries, { name: 'boundaries' });
  const boundaries = await traced(labels);
  expect(boundaries.dataSync()).toEqual(expected);
  tf.dispose([labels, boundaries]);
  traced.dispose();
});
