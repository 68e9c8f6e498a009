import { readFileSync } from 'node:fs';
import { mkdtemp, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { SampleEntry } from '../../src/data/dataset.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { startedEngine } from '../../src/engine/running.ts';
import { predict } from '../../src/inference/predict.ts';
import type { PredictedImage, PredictOptions, PredictionEvent } from '../../src/inference/predict.ts';
import type { PredictedModel } from '../../src/inference/predictedModel.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import { ttaOf } from '../../src/inference/tta/options.ts';
import { mixLogits } from '../../src/inference/store/packedPlane.ts';
import { classNames } from './syntheticLogits.ts';

const [height, width] = [16, 24];
const classes = classNames(3);
const entries: SampleEntry[] = Array.from({ length: 5 }, (_, i) => ({
  id: `image${i}.png`,
  person: `ID${i}`,
  imagePath: `image${i}.png`,
}));

/** Values around 128, so that none is in a flat block. */
function pixels(id: string): Uint8Array {
  const random = Random.from(id);
  return Uint8Array.from({ length: height * width * 3 }, () => random.integer(100, 156));
}

/** Logits of (value − 128) / 16. */
const model: PredictedModel['model'] = {
  sizeMultiple: 8,
  forward: (x) => ({ logits: tf.mul(tf.sub(x, 128), 1 / 16) }),
};

async function* imagesOf(asked: readonly SampleEntry[]): AsyncGenerator<PredictedImage[]> {
  for (let from = 0; from < asked.length; from += 2) {
    yield await Promise.resolve(
      asked.slice(from, from + 2).map(({ id }) => ({
        id,
        image: { width, height, channels: 3, data: pixels(id) },
      })),
    );
  }
}

beforeAll(async () => {
  await startEngine();
});

let store: LogitStore;
beforeEach(async () => {
  store = new LogitStore(await mkdtemp(join(tmpdir(), 'phalanx-predict-')));
});
afterEach(() => rm(store.root, { recursive: true }));

async function run(
  options: Partial<PredictOptions> = {},
  of: Partial<PredictedModel> = {},
): Promise<PredictionEvent[]> {
  const events: PredictionEvent[] = [];
  for await (const event of predict({ ...defaults(of), ...options })) events.push(event);
  return events;
}

function modelOf(of: Partial<PredictedModel> = {}): PredictedModel {
  return {
    name: 'first',
    model,
    checkpoint: 'c0ffee',
    entries,
    // Undoes the division by 255.
    normalization: { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] },
    precision: 'float32',
    store,
    ...of,
  };
}

function defaults(of: Partial<PredictedModel> = {}): PredictOptions {
  return {
    models: [modelOf(of)],
    classes,
    imageSize: { height, width },
    batchSize: 2,
    images: imagesOf,
    originalSize: () => Promise.resolve({ height: 2 * height, width: 2 * width }),
  };
}

async function storedLogits(image: string, of = store): Promise<Float32Array> {
  const file = await of.read(image);
  const planes = await Promise.all(classes.map((_, c) => file.packedPlane(c)));
  return mixLogits([{ planes, weights: [1, 1, 1] }], height, width);
}

describe('predict', () => {
  it('warns once of bfloat16 that the machine has no instructions for', async () => {
    const warnings = (await run({}, { precision: 'bfloat16' })).filter(({ type }) => type === 'warning');
    expect(warnings).toHaveLength(startedEngine().info.bfloat16 ? 0 : 1);
    // Nothing is left to compute.
    expect((await run({}, { precision: 'bfloat16' })).map(({ type }) => type)).not.toContain('warning');
  });

  it.each([[undefined], ['hflip'] as const])(
    'writes the logits of every image, with test-time augmentation %s',
    async (tta) => {
      const before = nativeTensorCount();
      const traced = vi.spyOn(startedEngine().native, 'finishGraph');
      const events = await run({}, tta === undefined ? {} : { tta: ttaOf(tta) });
      expect(nativeTensorCount()).toBe(before);
      // The smaller last batch takes no trace of its own.
      expect(traced).toHaveBeenCalledTimes(1);
      traced.mockRestore();
      expect(events.map((event) => (event.type === 'progress' ? event.done : event.type))).toEqual([
        'started',
        2,
        4,
        5,
        'finished',
      ]);
      expect(events.at(-1)).toMatchObject({ written: 5, kept: 0 });
      for (const { id } of entries) {
        const expected = pixels(id);
        for (const [i, logit] of (await storedLogits(id)).entries()) {
          expect(Math.abs(logit - (expected[i]! - 128) / 16)).toBeLessThan(0.05);
        }
      }
      const { info } = await store.read('image3.png');
      expect(info).toMatchObject({ originalHeight: 2 * height, originalWidth: 2 * width, classes });
      expect(info.provenance['checkpoint']).toBe('c0ffee');
    },
  );

  it('keeps whole files and makes missing and damaged ones anew', async () => {
    await run();
    await rm(store.pathOf('image1.png'));
    await truncate(store.pathOf('image3.png'), 100);
    const { mtimeMs } = await stat(store.pathOf('image0.png'));
    const asked: string[] = [];
    const events = await run({
      images: (open) => {
        asked.push(...open.map(({ id }) => id));
        return imagesOf(open);
      },
    });
    expect(asked).toEqual(['image1.png', 'image3.png']);
    expect(events[0]).toEqual({ type: 'started', total: 5, kept: 3 });
    expect((await stat(store.pathOf('image0.png'))).mtimeMs).toBe(mtimeMs);
    expect(events[1]).toEqual({
      type: 'warning',
      message: `first: ${store.pathOf('image3.png')} is damaged and will be made anew.`,
    });
    const { provenance } = (await store.read('image0.png')).info;
    expect(await store.find('image3.png', provenance)).toBe('whole');
    expect((await run()).map(({ type }) => type)).toEqual(['started', 'finished']);
  });

  it.each<[string, Partial<PredictOptions>, Partial<PredictedModel>]>([
    ['checkpoint', {}, { checkpoint: 'other' }],
    ['test-time augmentation', {}, { tta: ttaOf('hflip') }],
    ['precision', {}, { precision: 'auto' }],
    [
      'window',
      {
        inference: {
          mode: 'slidingWindow',
          window: 16,
          overlap: 0.5,
          weights: 'uniform',
          imageSize: 'training',
        },
      },
      {},
    ],
  ])('replaces files of another %s only when told to', async (_, options, of) => {
    await run();
    const before = await stat(store.pathOf('image0.png'));
    await expect(run(options, of)).rejects.toMatchObject({
      code: 'predict/other-logits',
      parts: { where: `first, ${store.pathOf('image0.png')}` },
    });
    expect((await stat(store.pathOf('image0.png'))).mtimeMs).toBe(before.mtimeMs);
    const events = await run({ ...options, overwrite: true }, of);
    expect(events[0]).toMatchObject({ kept: 0 });
    expect(events[1]).toMatchObject({
      type: 'warning',
      message: expect.stringContaining('and 4 more are made in another way') as string,
    });
    expect((await run(options, of))[0]).toMatchObject({ kept: 5 });
  });

  it('goes on after it was aborted or left', async () => {
    const abort = new AbortController();
    const aborted = async (): Promise<void> => {
      for await (const { type } of predict({ ...defaults(), signal: abort.signal })) {
        if (type === 'progress') abort.abort(new Error('enough'));
      }
    };
    await expect(aborted()).rejects.toThrow('enough');
    const left = (await readdir(store.root)).length;
    expect(left).toBeGreaterThanOrEqual(2);
    for await (const { type } of predict(defaults())) if (type === 'progress') break;
    const before = nativeTensorCount();
    const events = await run();
    expect(events.at(-1)).toMatchObject({ type: 'finished' });
    expect(await readdir(store.root)).toHaveLength(5);
    expect(nativeTensorCount()).toBe(before);
  });

  it('names image and class of a NaN and keeps what was right', async () => {
    const broken: PredictedModel['model'] = {
      sizeMultiple: 8,
      forward: (x) => ({ logits: tf.mul<tf.Tensor4D>(tf.sub(x, 128), tf.tensor1d([1, NaN, 1])) }),
    };
    await expect(run({}, { model: broken })).rejects.toMatchObject({
      code: 'logits/not-finite',
      parts: { where: 'first, image image0.png, class class-1' },
    });
    expect(await readdir(store.root)).toEqual([]);
  });

  it('says that the disk is full, keeps what is whole, and goes on from there', async () => {
    const handle = await open('/dev/null');
    await handle.close();
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    const write = vi.spyOn(prototype, 'writeFile');
    const failing = async (): Promise<void> => {
      for await (const { type } of predict(defaults()))
        if (type === 'progress') write.mockRejectedValue(full);
    };
    try {
      await expect(failing()).rejects.toMatchObject({
        code: 'file/write',
        message: expect.stringContaining('disk is full') as string,
      });
    } finally {
      write.mockRestore();
    }
    const names = await readdir(store.root);
    expect(names.length).toBeGreaterThanOrEqual(2);
    expect(names.length).toBeLessThan(5);
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect((await run())[0]).toMatchObject({ kept: names.length });
  });

  it.each<[string, Partial<PredictOptions>]>([
    ['are others', { images: () => imagesOf([{ id: 'x.png', person: 'x', imagePath: 'x' }]) }],
    ['are missing', { images: (open) => imagesOf(open.slice(1)) }],
    ['are repeated', { images: (open) => imagesOf([...open, open[0]!]) }],
    ['are of another size', { imageSize: { height: 32, width: 32 } }],
  ])('refuses images that %s', async (_, options) => {
    await expect(run(options)).rejects.toMatchObject({ code: 'predict/batch' });
  });
});

describe('predict with several models', () => {
  /** Logits of the opposite sign. */
  const opposite: PredictedModel['model'] = {
    sizeMultiple: 8,
    forward: (x) => ({ logits: tf.mul(tf.sub(x, 128), -1 / 16) }),
  };

  it('asks for each image once, keeps what each has, and writes what each says', async () => {
    const second = new LogitStore(join(store.root, 'second'));
    const models = [
      modelOf(),
      modelOf({ name: 'second', model: opposite, store: second, entries: entries.slice(1), checkpoint: 'b' }),
    ];
    // The first has one image of those that both need, and the second one.
    await run({ models: [{ ...models[0]!, entries: [entries[1]!] }] });
    await run({ models: [{ ...models[1]!, entries: [entries[2]!] }] });
    const asked: string[][] = [];
    const before = nativeTensorCount();
    const events = await run({
      models,
      images: (open) => {
        asked.push(open.map(({ id }) => id));
        return imagesOf(open);
      },
    });
    expect(nativeTensorCount()).toBe(before);
    expect(events[0]).toEqual({ type: 'started', total: 9, kept: 2 });
    expect(events.at(-1)).toMatchObject({ type: 'finished', written: 7, kept: 2 });
    expect(asked).toEqual([['image0.png', 'image2.png'], ['image3.png', 'image4.png'], ['image1.png']]);
    const values = pixels('image4.png');
    for (const [of, sign] of [
      [store, 1],
      [second, -1],
    ] as const) {
      const logits = await storedLogits('image4.png', of);
      for (const [i, logit] of logits.entries()) {
        expect(Math.abs(logit - (sign * (values[i]! - 128)) / 16)).toBeLessThan(0.05);
      }
    }
    expect((await second.read('image1.png')).info.provenance['checkpoint']).toBe('b');
    expect(await second.find('image0.png', {})).toBe('missing');
  });

  it('tells rates that fit what was done', async () => {
    const last = (await run()).findLast((event) => event.type === 'progress')!;
    expect(last).toMatchObject({ done: 5, total: 5, secondsLeft: 0 });
    expect(last.megapixelsPerSecond / last.imagesPerSecond).toBeCloseTo((height * width) / 1e6, 10);
    expect(last.residentBytes).toBeGreaterThan(2 ** 20);
  });
});

describe('predict in windows', () => {
  /** See tools/goldens/windows.py. */
  interface Case {
    readonly height: number;
    readonly width: number;
    readonly window: { readonly height: number; readonly width: number };
    readonly overlap: number;
    readonly weights: 'uniform' | 'gaussian';
    readonly logits: readonly number[];
  }
  const { inference: cases } = JSON.parse(
    readFileSync(new URL('../goldens/inference/windows.json', import.meta.url), 'utf8'),
  ) as { readonly inference: readonly Case[] };

  /** Two classes that depend on where in the window a pixel lies, and on the pixels of its row. */
  const answer: PredictedModel['model'] = {
    sizeMultiple: 8,
    forward: (x) => {
      const [, rows, columns] = x.shape;
      const channel = (c: number) => tf.slice(x, [0, 0, 0, c], [-1, -1, -1, 1]);
      const y = tf.reshape(tf.range(0, rows), [1, rows, 1, 1]);
      const across = tf.reshape(tf.range(0, columns), [1, 1, columns, 1]);
      const first = tf.sub(tf.add(tf.div(channel(0), 64), y), tf.mul(across, 0.5));
      const mean = tf.mean(x, [2, 3], true);
      const second = tf.sub(tf.div(mean, 32), tf.div(channel(2), 128));
      return { logits: tf.concat<tf.Tensor4D>([first as tf.Tensor4D, second as tf.Tensor4D], 3) };
    },
  };

  const imageOf = ({ height: rows, width: columns }: Case, id: string): PredictedImage => ({
    id,
    image: {
      height: rows,
      width: columns,
      channels: 3,
      data: Uint8Array.from({ length: rows * columns * 3 }, (_, i) => (i * 37) % 256),
    },
  });

  /** Predicts an image as a case says, and hands back its logits before they are rounded. */
  async function predictCases(chosen: readonly Case[], batchSize: number): Promise<Float32Array[]> {
    const written = vi.spyOn(store, 'write');
    const images = chosen.map((one, i) => imageOf(one, `image${i}.png`));
    const [{ window, overlap, weights }] = chosen as [Case];
    await run({
      models: [modelOf({ model: answer, entries: entries.slice(0, chosen.length) })],
      classes: classNames(2),
      imageSize: 'original',
      inference: { mode: 'slidingWindow', window, overlap, weights, imageSize: 'original' },
      batchSize,
      async *images() {
        yield await Promise.resolve(images);
      },
    });
    const logits = written.mock.calls.map(([values]) => values);
    const infos = written.mock.calls.map(([, info]) => info);
    expect(infos.map((info) => [info.height, info.width])).toEqual(
      chosen.map((one) => [one.height, one.width]),
    );
    written.mockRestore();
    return logits;
  }

  it.each(cases.map((one) => [`${one.height} × ${one.width}, ${one.weights}`, one] as const))(
    'gives what MONAI’s sliding_window_inference gives: %s',
    async (_, one) => {
      const [logits] = await predictCases([one], 3);
      expect(logits).toHaveLength(one.logits.length);
      for (const [i, logit] of logits!.entries()) expect(Math.abs(logit - one.logits[i]!)).toBeLessThan(2e-5);
      expect((await store.read('image0.png')).info).toMatchObject({ height: one.height, width: one.width });
    },
  );

  it('fills batches across images of different sizes, with one trace, and gives the same', async () => {
    // The two of one window and overlap: 24 × 20 and 10 × 13, both Gaussian.
    const alike = cases.filter(
      ({ overlap, weights, window }) => overlap === 0.5 && weights === 'gaussian' && window.width === 16,
    );
    expect(alike).toHaveLength(2);
    const traced = vi.spyOn(startedEngine().native, 'finishGraph');
    const before = nativeTensorCount();
    const logits = await predictCases([...alike, alike[0]!], 4);
    expect(nativeTensorCount()).toBe(before);
    expect(traced).toHaveBeenCalledTimes(1);
    traced.mockRestore();
    for (const [i, { logits: expected }] of [...alike, alike[0]!].entries()) {
      for (const [k, logit] of logits[i]!.entries())
        expect(Math.abs(logit - expected[k]!)).toBeLessThan(2e-5);
    }
  });

  it('goes together with test-time augmentation', async () => {
    const inference = {
      mode: 'slidingWindow',
      window: 16,
      overlap: 0.25,
      weights: 'gaussian',
      imageSize: 'training',
    } as const;
    // A model that answers for each pixel alone is not changed by windows or views.
    await run({ inference }, { tta: ttaOf('d4') });
    const expected = pixels('image2.png');
    for (const [i, logit] of (await storedLogits('image2.png')).entries()) {
      expect(Math.abs(logit - (expected[i]! - 128) / 16)).toBeLessThan(0.05);
    }
  });

  it('refuses windows that the model cannot take and logits that cannot be stored', async () => {
    const inference = {
      mode: 'slidingWindow',
      window: 20,
      overlap: 0,
      weights: 'uniform',
      imageSize: 'original',
    } as const;
    await expect(run({ inference })).rejects.toMatchObject({
      code: 'predict/window',
      parts: { where: 'first', expected: 'sides that are multiples of 8' },
    });
    const wide = {
      id: 'image0.png',
      image: { width: 9000, height: 5000, channels: 3, data: new Uint8Array(9000 * 5000 * 3) },
    } as const;
    const large = run({
      imageSize: 'original',
      inference: { ...inference, window: { width: 64, height: 64 } },
      models: [modelOf({ entries: [entries[0]!] })],
      async *images() {
        yield await Promise.resolve([wide]);
      },
    });
    await expect(large).rejects.toMatchObject({ code: 'predict/too-large', parts: { where: 'image0.png' } });
  });
});
