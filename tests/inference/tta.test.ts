import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { fiveCrop, multiscale, tenCrop } from '../../src/index.ts';
import { compile } from '../../src/engine/compile.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { ttaNames } from '../../src/inference/tta/names.ts';
import { ttaOf, ttaSchema, viewCount } from '../../src/inference/tta/options.ts';
import type { Tta, TtaSpec } from '../../src/inference/tta/options.ts';
import { withTta } from '../../src/inference/tta/withTta.ts';
import type { Forward } from '../../src/inference/tta/views.ts';
import { filled } from '../models/formula.ts';

beforeAll(async () => {
  await startEngine();
});

const [N, H, W, C] = [2, 8, 12, 3];

function parsed(spec: TtaSpec): Tta {
  return ttaOf(ttaSchema.parse(spec));
}

/** `[N, H, W, C]`, every value another. */
const images = Float32Array.from({ length: N * H * W * C }, (_, i) => Math.sin(i * 12.9898) * 6);

async function run(tta: Tta, forward: Forward, data: Float32Array = images): Promise<Float32Array> {
  const before = nativeTensorCount();
  const compiled = compile(withTta(forward, tta, 2), { name: 'tta', precision: 'float32' });
  const x = tf.tensor4d(data, [N, H, W, C]);
  const y = await compiled(x);
  expect(y.shape.slice(0, 3)).toEqual([N, H, W]);
  const values = (await y.data()) as Float32Array;
  tf.dispose([x, y]);
  compiled.dispose();
  expect(nativeTensorCount()).toBe(before);
  return values.slice();
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));
}

/** Values of a tensor `[d0, d1, d2, d3]` with its axes in another order. */
function permuted(values: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  return tf.tidy(() => tf.transpose(tf.tensor(values, [...shape]), [...order]).dataSync<'float32'>());
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe('ttach’s merges of its transforms', () => {
  interface Case {
    readonly transforms: (typeof ttaNames)[number] | TtaSpec['transforms'];
    readonly merge: Tta['merge'];
    readonly values: readonly number[];
  }
  const golden = JSON.parse(
    readFileSync(new URL('../goldens/inference/tta.json', import.meta.url), 'utf8'),
  ) as { readonly cases: readonly Case[] };

  /** The network of tools/goldens/tta.py. */
  const network =
    (kernel: Float32Array): Forward =>
    (x) => {
      const weight = tf.tensor4d(kernel, [3, 3, C, 2]);
      const convolved = (filter: tf.Tensor4D) => tf.conv2d(x, filter, 1, 'same');
      const squared = tf.square(convolved(tf.reverse(weight, 2)));
      return tf.sub(tf.add(tf.mul(convolved(weight), 2), squared), 1);
    };

  it.each(golden.cases.map((one) => [JSON.stringify([one.transforms, one.merge]), one] as const))(
    'are equal within 1e-5: %s',
    async (_, { transforms, merge, values }) => {
      const tta =
        typeof transforms === 'string' ? { ...ttaOf(transforms), merge } : parsed({ transforms, merge });
      const kernel = permuted(filled('weight', 2 * C * 9, -0.6, 0.6), [2, C, 3, 3], [2, 3, 1, 0]);
      const pixels = permuted(filled('images', N * C * H * W, -1, 1), [N, C, H, W], [0, 2, 3, 1]);
      const merged = (await run(tta, network(kernel), pixels)).slice(H * W * 2);
      const given = merge.of === 'probabilities' && !['max', 'min'].includes(merge.type);
      const extent = Math.max(...values.map(Math.abs));
      if (merge.of === 'logits') expect(distance(merged, values)).toBeLessThan(1e-5 * extent);
      else expect(distance(merged.map(sigmoid), values)).toBeLessThan(1e-5);
      // A network that ignored its views, or a merge that ignored all but one, would not differ from the plain one.
      const plain = (await run(ttaOf('none'), network(kernel), pixels)).slice(H * W * 2);
      expect(
        distance(merge.of === 'logits' ? merged : merged.map(sigmoid), given ? plain.map(sigmoid) : plain),
      ).toBeGreaterThan(0.01);
    },
  );
});

describe('withTta', () => {
  const ofProbabilities = { of: 'probabilities', type: 'mean' } as const;

  it.each([...ttaNames])('undoes %s exactly', async (name) => {
    expect(distance(await run(ttaOf(name), (x) => x), images)).toBeLessThan(1e-5);
    const merged = await run({ ...ttaOf(name), merge: ofProbabilities }, (x) => x);
    expect(distance(merged, images)).toBeLessThan(1e-3);
  });

  it('joins crops to the whole, with their mean where they overlap', async () => {
    for (const [height, width] of [
      [4, 6],
      [6, 8],
      [8, 12],
    ] as const) {
      expect(distance(await run(parsed(fiveCrop(height, width)), (x) => x), images)).toBeLessThan(1e-5);
      expect(distance(await run(parsed(tenCrop(height, width)), (x) => x), images)).toBeLessThan(1e-5);
    }
    // Each crop says where in itself a pixel is, from 0 to 7.
    const columns: Forward = (x) => tf.add(tf.mul(x, 0), tf.reshape(tf.range(0, x.shape[2]), [1, 1, -1, 1]));
    const joined = await run(parsed(fiveCrop(4, 8)), columns);
    const row = (y: number) => Array.from({ length: W }, (_, x) => joined[(y * W + x) * C]!);
    expect(distance(row(0), [0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7])).toBeLessThan(1e-5);
    // Column 4 is 4 of the left crop, 0 of the right one, and 2 of the central one.
    expect(distance(row(3), [0, 1, 1, 2, 2, 3, 4, 5, 5, 6, 6, 7])).toBeLessThan(1e-5);
  });

  it('undoes scales: what is linear in the image comes back linear inside', async () => {
    // Bilinear resizing keeps a plane exactly, but for the borders, where it repeats the outermost pixel.
    const plane = Float32Array.from(images, (_, i) => Math.floor(i / C) % W);
    const back = await run(parsed(multiscale([0.5, 1.5])), (x) => x, plane);
    for (const [i, value] of back.entries()) {
      const column = Math.floor(i / C) % W;
      if (column >= 2 && column < 10) expect(value).toBeCloseTo(column, 4);
    }
  });

  it('shows the model every combination at sizes it can take', async () => {
    const shapes: string[] = [];
    const tta = parsed({
      transforms: [
        { name: 'Rotate90', angles: [90] },
        { name: 'Scale', scales: [0.7, 1, 1.4] },
      ],
    });
    await run(tta, (x) => {
      shapes.push(x.shape.join(' '));
      return x;
    });
    expect(shapes).toEqual(['2 8 12 3', '2 6 8 3', '2 12 16 3', '2 12 8 3', '2 8 6 3', '2 16 12 3']);
    expect(viewCount(tta)).toBe(6);
  });

  it.each([[[0.5, -3, 4]], [[2, 7, -1, 3]], [[1, 2]]])('takes the median of %j', async (values) => {
    let asked = 0;
    const tta: Tta = {
      transforms: [{ name: 'Add', values: values.slice(1).map((_, i) => i + 1) }],
      merge: { of: 'logits', type: 'median' },
    };
    const model: Forward = (x) => tf.add(tf.mul(x, 0), values[asked++]!);
    const sorted = [...values].sort((a, b) => a - b);
    const middle = (list: readonly number[]): number =>
      (list[(list.length - 1) >> 1]! + list[list.length >> 1]!) / 2;
    expect((await run(tta, model))[0]).toBeCloseTo(middle(sorted), 5);
    asked = 0;
    const merged = await run({ ...tta, merge: { of: 'probabilities', type: 'median' } }, model);
    expect(sigmoid(merged[0]!)).toBeCloseTo(middle(sorted.map(sigmoid)), 5);
  });

  it('stays finite where the model is sure', async () => {
    for (const type of ['mean', 'gmean', 'tsharpen', 'median'] as const) {
      for (const logit of [-200, 200]) {
        const sure: Forward = (x) => tf.add(tf.mul(x, 0), logit);
        const merged = await run({ ...ttaOf('hflip'), merge: { of: 'probabilities', type } }, sure);
        expect(Math.sign(merged[0]!), `${type} of ${logit}`).toBe(Math.sign(logit));
        expect(Number.isFinite(merged[0]), `${type} of ${logit}`).toBe(true);
      }
    }
  });

  it('leaves the model alone without transforms', () => {
    const forward: Forward = (x) => x;
    expect(withTta(forward, ttaOf('none'), 32)).toBe(forward);
  });

  it('refuses sizes that the model cannot take, and crops that leave pixels out', async () => {
    const refused = (spec: TtaSpec) => run(parsed(spec), (x) => x);
    await expect(
      refused({ transforms: [{ name: 'Resize', sizes: [{ height: 9, width: 8 }] }] }),
    ).rejects.toThrow(/multiples of 2, received 9 × 8/);
    await expect(refused(fiveCrop(2, 8))).rejects.toThrow(/from 4 to 8 pixels, received 2/);
    await expect(refused(fiveCrop(8, 14))).rejects.toThrow(/from 6 to 12 pixels, received 14/);
  });

  it('refuses declarations that cannot be meant', () => {
    const scale = (value: number) => ({ transforms: [{ name: 'Scale', scales: [value] }] });
    for (const value of [0, -1, NaN, 100]) expect(ttaSchema.safeParse(scale(value)).success).toBe(false);
    const many = Array.from({ length: 32 }, (_, i) => i + 1);
    const crowd = {
      transforms: [
        { name: 'Add', values: many },
        { name: 'Add', values: many },
      ],
    };
    expect(ttaSchema.safeParse(crowd).error?.message).toContain('more than 256 views');
    expect(ttaSchema.safeParse({ transforms: [], merge: { of: 'logits', type: 'gmean' } }).success).toBe(
      false,
    );
    expect(ttaSchema.safeParse('d8').success).toBe(false);
  });
});
