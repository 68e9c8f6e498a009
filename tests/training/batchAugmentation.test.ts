import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Batch } from '../../src/data/batch.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { warpBatch } from '../../src/engine/ops/warpBatch.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import { augmentBatch, batchAugmentationSchema, randomMaps } from '../../src/training/batchAugmentation.ts';
import type { BatchAugmentation } from '../../src/training/batchAugmentation.ts';
import type { TrainOptions } from '../../src/training/options.ts';
import { train } from '../../src/training/train.ts';
import { filled } from '../models/formula.ts';
import { temporaryFolder } from '../temporaryFolder.ts';
import { TinyModel, makeBatch, normalization } from './tiny.ts';

interface Goldens {
  readonly cases: readonly {
    readonly height: number;
    readonly width: number;
    readonly maps: number[][];
    readonly images: number[];
    readonly labels: number[];
  }[];
}

const goldens = JSON.parse(
  await readFile(new URL('../goldens/batchAugmentation/warps.json', import.meta.url), 'utf8'),
) as Goldens;

beforeAll(async () => {
  await startEngine();
});

const seedOf = (a: number, b = 7): tf.Tensor1D => tf.tensor1d([a, b], 'int32');
const parsed = (options: object): BatchAugmentation => batchAugmentationSchema.parse(options);

test.each(goldens.cases)("warps equal PyTorch's grid_sample, $width × $height, case %#", (golden) => {
  const { height, width, maps } = golden;
  tf.tidy(() => {
    const images = tf.tensor4d(filled('images', 2 * height * width * 2, 0, 255), [2, height, width, 2]);
    const bits = Int32Array.from(filled('bits', 2 * height * width, 0, 2 ** 20), Math.floor);
    const labels = tf.tensor4d(bits, [2, height, width, 1], 'int32');
    const moved = warpBatch(images, tf.tensor2d(maps), 'bilinear').dataSync();
    const worst = golden.images.reduce((max, value, i) => Math.max(max, Math.abs(value - moved[i]!)), 0);
    // Values change by up to 255 from pixel to pixel, and coordinates are float32.
    expect(worst).toBeLessThan(2e-3);
    const movedLabels = warpBatch(labels, tf.tensor2d(maps), 'nearest').dataSync();
    expect([...movedLabels]).toEqual(golden.labels);
  });
});

describe('random maps', () => {
  const shape = [400, 31, 47, 3] as const;
  const mapsOf = (options: object): Float32Array[] =>
    tf.tidy(() => {
      const maps = randomMaps(shape, parsed(options), seedOf(3)).dataSync() as Float32Array;
      return Array.from({ length: shape[0] }, (_, n) => maps.slice(6 * n, 6 * n + 6));
    });
  const near = (values: readonly number[], low: number, high: number): void => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const slack = 0.03 * (high - low);
    expect(least >= low - 1e-5 && least < low + slack, `${least} at ${low}`).toBe(true);
    expect(most <= high + 1e-5 && most > high - slack, `${most} at ${high}`).toBe(true);
  };

  test('of nothing leave every pixel where it is', () => {
    for (const map of mapsOf({})) expect(Array.from(map, (value) => value + 0)).toEqual([1, 0, 0, 0, 1, 0]);
  });

  test('turn, scale and shift evenly within their ranges, and leave the centre where it is but for the shift', () => {
    const maps = mapsOf({ rotate: 30, scale: 0.2, offset: 0.1 });
    const degrees = maps.map(([a, b]) => (Math.atan2(-b!, a!) * 180) / Math.PI);
    near(degrees, -30, 30);
    near(
      maps.map(([a, b]) => Math.hypot(a!, b!)),
      0.8,
      1.2,
    );
    near(
      maps.map(([, , , d, e]) => Math.hypot(d!, e!)),
      0.8,
      1.2,
    );
    const [x, y] = [23, 15];
    near(
      maps.map(([a, b, c]) => a! * x + b! * y + c! - x),
      -4.7,
      4.7,
    );
    near(
      maps.map(([, , , d, e, f]) => d! * x + e! * y + f! - y),
      -3.1,
      3.1,
    );
  });

  test('flip each half of the time, where they may', () => {
    const signs = (flip: string) =>
      mapsOf({ flip }).map(([a, , , , e]) => `${Math.sign(a!)} ${Math.sign(e!)}`);
    expect(new Set(signs('horizontal'))).toEqual(new Set(['1 1', '-1 1']));
    expect(new Set(signs('vertical'))).toEqual(new Set(['1 1', '1 -1']));
    const counts = new Map<string, number>();
    for (const sign of signs('both')) counts.set(sign, (counts.get(sign) ?? 0) + 1);
    // Four deviations of a binomial count with mean 100.
    expect(counts.size).toBe(4);
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(36);
  });
});

describe('a batch', () => {
  const batch = makeBatch(['a', 'b', 'c', 'd'], 32);
  const augmented = (options: object | undefined, seed = 1): [images: Float32Array, labels: Int32Array] =>
    tf.tidy(() => {
      const images = tf.tensor4d(Float32Array.from(batch.images), [...batch.imageShape]);
      const labels = tf.tensor4d(batch.labels, [...batch.labelShape], 'int32');
      const result = augmentBatch(images, labels, options && parsed(options), seedOf(seed));
      return [result[0].dataSync() as Float32Array, result[1].dataSync() as Int32Array];
    });
  const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
    Array.from({ length: a.length }, (_, i) => a[i] === b[i]).every(Boolean);

  test('is left alone where nothing is asked for', () => {
    for (const options of [undefined, {}]) {
      const [images, labels] = augmented(options);
      expect(same(images, batch.images)).toBe(true);
      expect(same(labels, batch.labels)).toBe(true);
    }
  });

  test('is the same for the same seed and another for another', () => {
    const options = { flip: 'both', offset: 0.1, scale: 0.2, rotate: 45, noise: 5 };
    const [[images, labels], [again, labelsAgain]] = [augmented(options), augmented(options)];
    expect(same(images, again) && same(labels, labelsAgain)).toBe(true);
    const [others, otherLabels] = augmented(options, 2);
    expect(same(images, others) || same(labels, otherLabels)).toBe(false);
  });

  test('flips image and labels exactly and alike, each image by itself', () => {
    const [images, labels] = augmented({ flip: 'horizontal' }, 4);
    const kinds = batch.ids.map((_, n) => {
      const flips = [false, true].filter((mirror) =>
        Array.from({ length: 1024 }, (__, i) => i).every((i) => {
          const [x, y] = [i % 32, i >> 5];
          const from = n * 1024 + y * 32 + (mirror ? 31 - x : x);
          const to = n * 1024 + i;
          const alike = [0, 1, 2].every((c) => images[3 * to + c] === batch.images[3 * from + c]);
          return alike && labels[to] === batch.labels[from];
        }),
      );
      expect(flips, `image ${n}`).toHaveLength(1);
      return flips[0];
    });
    expect(new Set(kinds).size).toBe(2);
  });

  test('gets noise of the asked deviation, on values alone', () => {
    const [images, labels] = augmented({ noise: 7 });
    expect(same(labels, batch.labels)).toBe(true);
    const differences = Array.from(images, (value, i) => value - batch.images[i]!);
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
    const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / differences.length;
    // 12,288 values: standard errors of 0.06 and 0.045.
    expect(Math.abs(mean)).toBeLessThan(0.3);
    expect(Math.abs(Math.sqrt(variance) - 7)).toBeLessThan(0.25);
  });
});

describe('training', () => {
  const batchAugmentation = parsed({ flip: 'both', offset: 0.1, scale: 0.2, rotate: 30, noise: 10 });

  /** Batches whose samples are blended of two, other ones in each epoch. */
  async function* blended(epoch: number, startBatch: number): AsyncGenerator<Batch> {
    for (let i = startBatch; i < 3; i++) {
      const [own, other] = ['own', 'other'].map((name) => makeBatch([`${epoch} ${i} ${name}`, name], 32));
      const labels = Int32Array.from({ length: 2 * own!.labels.length }, (_, j) =>
        (j % 2 === 0 ? own! : other!).labels.at(j >> 1)!,
      );
      const shares = Float32Array.of(0.3, 0);
      yield await Promise.resolve({ ...own!, labels, labelShape: [2, 32, 32, 2], shares });
    }
  }

  interface Outcome {
    readonly losses: number[];
    readonly traces: number;
  }

  async function run(changed: Partial<TrainOptions> = {}, stopAfter = Infinity): Promise<Outcome> {
    const model = new TinyModel();
    const stop = new AbortController();
    try {
      const losses: number[] = [];
      let traces = 0;
      const events = train({
        model,
        loss: buildLoss([{ name: 'bce' }, { name: 'dice' }]),
        optimizer: { name: 'adamw', learningRate: 0.01 },
        schedule: { name: 'constant' },
        batches: blended,
        batchesPerEpoch: 3,
        length: { epochs: 2 },
        precision: 'float32',
        normalization,
        seed: 3,
        batchAugmentation,
        signal: stop.signal,
        ...changed,
      });
      for await (const event of events) {
        if (event.type === 'trace') traces++;
        if (event.type !== 'step') continue;
        losses.push(event.loss);
        if (event.step === stopAfter) stop.abort();
      }
      return { losses, traces };
    } finally {
      model.dispose();
    }
  }

  test('with blended samples and batch augmentation is traced once, leaves no tensor and repeats itself', async () => {
    const before = tf.memory().numTensors;
    const first = await run();
    expect(first.traces).toBe(1);
    expect(first.losses).toHaveLength(6);
    expect(tf.memory().numTensors).toBe(before);
    expect(await run()).toEqual(first);
    expect((await run({ batchAugmentation: undefined })).losses[0]).not.toBe(first.losses[0]);
    expect((await run({ seed: 4 })).losses).not.toEqual(first.losses);
  });

  test('goes on after a stop as if there had been none, also with accumulation', async () => {
    for (const accumulate of [1, 3]) {
      const length = { epochs: accumulate === 1 ? 2 : 4 };
      const whole = await run({ accumulate, length });
      const directory = await temporaryFolder();
      const start = await run({ accumulate, length, directory }, 2);
      const rest = await run({ accumulate, length, directory, resume: true });
      expect(start.losses.length).toBeLessThan(whole.losses.length);
      expect([...start.losses, ...rest.losses]).toEqual(whole.losses);
    }
  });

  test('refuses to go on with another batch augmentation', async () => {
    const directory = await temporaryFolder();
    await run({ directory }, 2);
    const other = { directory, resume: true, batchAugmentation: parsed({ noise: 1 }) };
    await expect(run(other)).rejects.toMatchObject({ code: 'training/resume-settings' });
  });

  test('sees the loss of blended targets', async () => {
    // A share of 0 everywhere is training on the first labels alone.
    const hard = async function* (epoch: number, start: number): AsyncGenerator<Batch> {
      for await (const { ids, images, imageShape, labels: both } of blended(epoch, start)) {
        const labels = both.filter((_, i) => i % 2 === 0);
        yield { ids, images, imageShape, labels, labelShape: [2, 32, 32, 1] };
      }
    };
    const zero = async function* (epoch: number, start: number): AsyncGenerator<Batch> {
      for await (const batch of blended(epoch, start)) yield { ...batch, shares: new Float32Array(2) };
    };
    const [ofHard, ofZero, ofBlended] = [
      await run({ batches: hard }),
      await run({ batches: zero }),
      await run(),
    ];
    for (const [i, loss] of ofHard.losses.entries())
      expect(Math.abs(ofZero.losses[i]! - loss)).toBeLessThan(1e-4);
    expect(Math.abs(ofBlended.losses[0]! - ofHard.losses[0]!)).toBeGreaterThan(1e-3);
  });
});
