import { mkdtemp, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { Batch } from '../../src/data/batch.ts';
import type { SampleEntry } from '../../src/data/dataset.ts';
import { nativeTensorCount, startEngine } from '../../src/engine/engine.ts';
import { startedEngine } from '../../src/engine/running.ts';
import { predict } from '../../src/inference/predict.ts';
import type { PredictOptions, PredictionEvent } from '../../src/inference/predict.ts';
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
const model: PredictOptions['model'] = {
  sizeMultiple: 8,
  forward: (x) => ({ logits: tf.mul(tf.sub(x, 128), 1 / 16) }),
};

async function* batchesOf(asked: readonly SampleEntry[]): AsyncGenerator<Batch> {
  for (let from = 0; from < asked.length; from += 2) {
    const ids = asked.slice(from, from + 2).map(({ id }) => id);
    yield await Promise.resolve({
      ids,
      images: Buffer.concat(ids.map(pixels)),
      imageShape: [ids.length, height, width, 3],
      labels: new Int32Array(0),
      labelShape: [ids.length, height, width, 0],
    });
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

async function run(options: Partial<PredictOptions> = {}): Promise<PredictionEvent[]> {
  const events: PredictionEvent[] = [];
  for await (const event of predict({ ...defaults(), ...options })) events.push(event);
  return events;
}

function defaults(): PredictOptions {
  return {
    model,
    checkpoint: 'c0ffee',
    classes,
    entries,
    imageSize: { height, width },
    batches: batchesOf,
    // Undoes the division by 255.
    normalization: { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] },
    precision: 'float32',
    store,
    originalSize: () => Promise.resolve({ height: 2 * height, width: 2 * width }),
  };
}

async function storedLogits(image: string): Promise<Float32Array> {
  const file = await store.read(image);
  const planes = await Promise.all(classes.map((_, c) => file.packedPlane(c)));
  return mixLogits([{ planes, weights: [1, 1, 1] }], height, width);
}

describe('predict', () => {
  it('warns once of bfloat16 that the machine has no instructions for', async () => {
    const warnings = (await run({ precision: 'bfloat16' })).filter(({ type }) => type === 'warning');
    expect(warnings).toHaveLength(startedEngine().info.bfloat16 ? 0 : 1);
    // Nothing is left to compute.
    expect((await run({ precision: 'bfloat16' })).map(({ type }) => type)).not.toContain('warning');
  });

  it.each([[undefined], ['hflip'] as const])(
    'writes the logits of every image, with test-time augmentation %s',
    async (tta) => {
      const before = nativeTensorCount();
      const traced = vi.spyOn(startedEngine().native, 'finishGraph');
      const events = await run(tta === undefined ? {} : { tta: ttaOf(tta) });
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
      batches: (open) => {
        asked.push(...open.map(({ id }) => id));
        return batchesOf(open);
      },
    });
    expect(asked).toEqual(['image1.png', 'image3.png']);
    expect(events[0]).toEqual({ type: 'started', total: 5, kept: 3 });
    expect((await stat(store.pathOf('image0.png'))).mtimeMs).toBe(mtimeMs);
    expect(await store.holds('image3.png', (await store.read('image0.png')).info.provenance)).toBe(true);
    expect((await run()).map(({ type }) => type)).toEqual(['started', 'finished']);
  });

  it.each<[string, Partial<PredictOptions>]>([
    ['checkpoint', { checkpoint: 'other' }],
    ['test-time augmentation', { tta: ttaOf('hflip') }],
    ['precision', { precision: 'auto' }],
  ])('makes files of another %s anew', async (_, options) => {
    await run();
    expect((await run(options))[0]).toMatchObject({ kept: 0 });
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
    const broken: PredictOptions['model'] = {
      sizeMultiple: 8,
      forward: (x) => ({ logits: tf.mul<tf.Tensor4D>(tf.sub(x, 128), tf.tensor1d([1, NaN, 1])) }),
    };
    await expect(run({ model: broken })).rejects.toMatchObject({
      code: 'logits/not-finite',
      parts: { where: 'image image0.png, class class-1' },
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
    ['are of other images', { batches: () => batchesOf([{ id: 'x.png', person: 'x', imagePath: 'x' }]) }],
    ['lack images', { batches: (open) => batchesOf(open.slice(1)) }],
    ['repeat images', { batches: (open) => batchesOf([...open, open[0]!]) }],
    ['are of another size', { imageSize: { height: 32, width: 32 } }],
  ])('refuses batches that %s', async (_, options) => {
    await expect(run(options)).rejects.toMatchObject({ code: 'predict/batch' });
  });
});
