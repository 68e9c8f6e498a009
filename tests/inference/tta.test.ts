import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { withTta } from '../../src/inference/tta.ts';
import type { Tta, TtaTransform } from '../../src/inference/tta.ts';

beforeAll(async () => {
  await startEngine();
});

const flip: TtaTransform = { name: 'HorizontalFlip' };
const flips: Tta = { transforms: [flip, { name: 'VerticalFlip' }] };

/** `[2, 8, 12, 3]`, every value another. */
function images(): Float32Array {
  return Float32Array.from({ length: 2 * 8 * 12 * 3 }, (_, i) => Math.sin(i * 12.9898) * 6);
}

async function run(
  tta: Tta,
  forward: (x: tf.Tensor4D) => tf.Tensor4D,
  data = images(),
): Promise<Float32Array> {
  const before = nativeTensorCount();
  const compiled = compile(withTta(forward, tta, 4), { name: 'tta', precision: 'float32' });
  const x = tf.tensor4d(data, [2, 8, 12, 3]);
  const y = await compiled(x);
  expect(y.shape).toEqual([2, 8, 12, 3]);
  const values = (await y.data()) as Float32Array;
  tf.dispose([x, y]);
  compiled.dispose();
  expect(nativeTensorCount()).toBe(before);
  return values.slice();
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

describe('withTta', () => {
  it('undoes flips exactly', async () => {
    expect(distance(await run(flips, (x) => x), images())).toBeLessThan(1e-6);
    const ofProbabilities = await run({ ...flips, mean: 'probabilities' }, (x) => x);
    expect(distance(ofProbabilities, images())).toBeLessThan(1e-3);
  });

  it('undoes scales: what is linear in the image comes back linear inside', async () => {
    // Bilinear resizing keeps a plane exactly, but for the borders, where it repeats the outermost pixel.
    const plane = Float32Array.from(images(), (_, i) => Math.floor(i / 3) % 12);
    const back = await run({ transforms: [{ name: 'Scale', scales: [0.5, 1.5] }] }, (x) => x, plane);
    for (const [i, value] of back.entries()) {
      const column = Math.floor(i / 3) % 12;
      if (column >= 2 && column < 10) expect(value).toBeCloseTo(column, 4);
    }
  });

  it('shows the model every combination at sizes it can take', async () => {
    const shapes: string[] = [];
    const tta: Tta = { transforms: [flip, { name: 'Scale', scales: [0.75, 1, 1.4] }] };
    await run(tta, (x) => {
      shapes.push(x.shape.join(' '));
      return x;
    });
    const sizes = ['2 8 12 3', '2 8 8 3', '2 12 16 3'];
    expect(shapes).toEqual([...sizes, ...sizes]);
  });

  it('takes the mean of logits or of probabilities', async () => {
    // A model that sees only where a pixel is: it answers with the column, whatever the image.
    const columns = Float32Array.from(images(), (_, i) => (Math.floor(i / 3) % 12) - 4);
    const model = (x: tf.Tensor4D): tf.Tensor4D => tf.add(tf.mul(x, 0), tf.tensor4d(columns, [2, 8, 12, 3]));
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    const logits = await run({ transforms: [flip] }, model);
    const probabilities = await run({ transforms: [flip], mean: 'probabilities' }, model);
    for (let column = 0; column < 12; column++) {
      const [own, mirrored] = [column - 4, 11 - column - 4];
      expect(logits[3 * column]).toBeCloseTo((own + mirrored) / 2, 5);
      expect(sigmoid(probabilities[3 * column]!)).toBeCloseTo((sigmoid(own) + sigmoid(mirrored)) / 2, 5);
    }
  });

  it('leaves the model alone without transforms, and refuses scales that cannot be meant', () => {
    const forward = (x: tf.Tensor4D): tf.Tensor4D => x;
    expect(withTta(forward, { transforms: [] }, 32)).toBe(forward);
    for (const scale of [0, -1, NaN, 100]) {
      const tta: Tta = { transforms: [{ name: 'Scale', scales: [scale] }] };
      expect(() => withTta(forward, tta, 32)).toThrow(expect.objectContaining({ code: 'tta/scale' }));
    }
  });
});
