import { createHash } from 'node:crypto';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { buildTransform } from '../../src/augment/build.ts';
import { releaseBatch } from '../../src/data/batch.ts';
import type { Batch } from '../../src/data/batch.ts';
import type { Sample, SampleEntry } from '../../src/data/dataset.ts';
import { batchCount, loadBatches } from '../../src/data/loader/loadBatches.ts';
import type { LoaderOptions, SampleTransform } from '../../src/data/loader/loadBatches.ts';
import { shuffledSampler } from '../../src/data/loader/samplers.ts';
import type { Sampler } from '../../src/data/loader/samplers.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { uninitialized, uninitializedPlanes } from '../../src/pixels/memory.ts';

const entries: SampleEntry[] = Array.from({ length: 23 }, (_, i) => ({
  id: `image${i}.png`,
  person: `ID${i >> 1}`,
  imagePath: '',
}));

/** Samples filled with their number, read in uneven time. */
class SlowSource {
  reading = 0;
  most = 0;
  reads: string[] = [];
  onRead: () => void = () => undefined;
  readonly #classes: number;

  constructor(classes = 29) {
    this.#classes = classes;
  }

  async read(entry: SampleEntry): Promise<Sample> {
    this.reads.push(entry.id);
    this.most = Math.max(this.most, ++this.reading);
    this.onRead();
    const index = Number(/\d+/.exec(entry.id)![0]);
    await setTimeout(Random.from('delay', this.reads.length).integer(0, 5));
    this.reading--;
    const labels = createLabelMap(4, 3, this.#classes);
    for (const [plane, bits] of labels.planes.entries()) bits.fill(index + 2 ** 31 + 1000 * plane);
    return { image: { width: 4, height: 3, channels: 3, data: new Uint8Array(36).fill(index) }, labels };
  }
}

/** Adds noise that shows which random numbers a sample got. */
const noise: SampleTransform = async (sample, random) => {
  await setTimeout(random.integer(0, 4));
  const data = sample.image.data.map((value) => value + random.integer(0, 256));
  return { ...sample, image: { ...sample.image, data } };
};

const base = { entries, batchSize: 4, seed: 3, epoch: 0 };

async function collect(options: Partial<LoaderOptions> = {}): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of loadBatches({ cache: new SlowSource(), ...base, ...options }))
    batches.push(batch);
  return batches;
}

describe('batches', () => {
  test('hold samples in order, with shapes and packed labels', async () => {
    const batches = await collect();
    expect(batches.map(({ ids }) => ids)).toEqual(
      [0, 4, 8, 12, 16, 20].map((start) => entries.slice(start, start + 4).map(({ id }) => id)),
    );
    const [, second] = batches;
    expect(second).toMatchObject({ imageShape: [4, 3, 4, 3], labelShape: [4, 3, 4, 1] });
    expect([...second!.images]).toEqual([4, 5, 6, 7].flatMap((value) => Array<number>(36).fill(value)));
    const bits = [4, 5, 6, 7].flatMap((value) => Array<number>(12).fill((2 ** 31 + value) | 0));
    expect([...second!.labels]).toEqual(bits);
    expect(batches.at(-1)).toMatchObject({ imageShape: [3, 3, 4, 3], labelShape: [3, 3, 4, 1] });
  });

  test('interleave the planes of more than 32 classes', async () => {
    const [batch] = await collect({ cache: new SlowSource(40), batchSize: 2 });
    expect(batch!.labelShape).toEqual([2, 3, 4, 2]);
    const pairs = [0, 1].flatMap((i) =>
      Array<number[]>(12).fill([(2 ** 31 + i) | 0, (2 ** 31 + 1000 + i) | 0]),
    );
    expect([...batch!.labels]).toEqual(pairs.flat());
  });

  test('leave out a last one that is not full only when asked to', async () => {
    expect(await collect({ dropLast: true })).toHaveLength(5);
    expect([batchCount(23, 4), batchCount(23, 4, true), batchCount(24, 4, true), batchCount(0, 4)]).toEqual([
      6, 5, 6, 0,
    ]);
  });

  test('of no entries are none', async () => {
    expect(await collect({ entries: [] })).toEqual([]);
  });

  test('refuse samples of different shapes', async () => {
    const transform: SampleTransform = (sample, random) =>
      Promise.resolve(random.chance(0.5) ? sample : { ...sample, labels: createLabelMap(5, 3, 29) });
    await expect(collect({ transform })).rejects.toMatchObject({ code: 'loader/shape' });
  });

  test.each([
    { batchSize: 0 },
    { batchSize: 2.5 },
    { prefetch: 0 },
    { concurrency: 0 },
    { startBatch: -1 },
    { batchSize: Number.NaN },
  ])('refuse %o', async (options) => {
    await expect(collect(options)).rejects.toMatchObject({ code: 'loader/options' });
  });
});

describe('memory', () => {
  const side = 80;
  const filled = (index: number): Sample => {
    const [planes, data] = [uninitializedPlanes(1, side ** 2), uninitialized(side ** 2 * 3)];
    planes[0]!.fill(index);
    data.fill(index);
    return {
      image: { width: side, height: side, channels: 3, data },
      labels: { width: side, height: side, classes: 29, planes },
    };
  };
  const numbered = Object.fromEntries(entries.map(({ id }, index) => [id, index]));

  test.each<[string, SampleTransform]>([
    ['itself', (sample) => Promise.resolve(sample)],
    [
      'its labels with another image',
      (sample) => Promise.resolve({ ...sample, image: copyOf(sample.image) }),
    ],
    ['another', (sample) => Promise.resolve({ image: copyOf(sample.image), labels: copyOfLabels(sample) })],
  ])(
    'of a sample is used again, and batches stay as they are: a transform gives back %s',
    async (_, transform) => {
      const buffers = new Set<ArrayBufferLike>();
      const cache = {
        read: async (entry: SampleEntry): Promise<Sample> => {
          const sample = filled(numbered[entry.id]!);
          buffers.add(sample.image.data.buffer);
          await setTimeout(1);
          return sample;
        },
      };
      const batches = await collect({ cache, transform, concurrency: 2 });
      for (const { ids, images, labels } of batches) {
        const expected = ids.map((id) => numbered[id]!);
        expect(expected.flatMap((value) => Array<number>(side ** 2 * 3).fill(value))).toEqual([...images]);
        expect(expected.flatMap((value) => Array<number>(side ** 2).fill(value))).toEqual([...labels]);
      }
      expect(buffers.size).toBeLessThan(entries.length / 2);
    },
  );

  function copyOf({ data, ...image }: Sample['image']): Sample['image'] {
    const copy = uninitialized(data.length);
    copy.set(data);
    return { ...image, data: copy };
  }

  function copyOfLabels({ labels }: Sample): Sample['labels'] {
    const [plane] = uninitializedPlanes(1, side ** 2);
    plane!.set(labels.planes[0]!);
    return { ...labels, planes: [plane!] };
  }
});

describe('memory of many batches', () => {
  const side = 128;
  const blank = (): Sample => {
    const [planes, data] = [uninitializedPlanes(1, side ** 2), uninitialized(side ** 2 * 3)];
    planes[0]!.fill(1);
    return {
      image: { width: side, height: side, channels: 3, data },
      labels: { width: side, height: side, classes: 29, planes },
    };
  };
  const endless = Array.from({ length: 1200 }, (_, i) => ({ ...entries[0]!, id: `image${i}` }));

  test.each([
    { prefetch: 1, concurrency: 1 },
    { prefetch: 3, concurrency: 2 },
  ])('is that of the batches ahead: %o', async ({ prefetch, concurrency }) => {
    const buffers = new Set<ArrayBufferLike>();
    const cache = {
      read: async (): Promise<Sample> => {
        await setImmediate();
        const sample = blank();
        buffers.add(sample.image.data.buffer);
        return sample;
      },
    };
    const batchBuffers = new Set<ArrayBufferLike>();
    const transform: SampleTransform = async ({ image, labels }) => {
      await setImmediate();
      const data = uninitialized(image.data.length);
      data.set(image.data);
      return { image: { ...image, data }, labels };
    };
    let [count, most, start] = [0, 0, 0];
    const options = { ...base, entries: endless, cache, transform, prefetch, concurrency };
    for await (const batch of loadBatches(options)) {
      batchBuffers.add(batch.images.buffer).add(batch.labels.buffer);
      releaseBatch(batch);
      const { arrayBuffers } = process.memoryUsage();
      if (++count === 20) start = arrayBuffers;
      if (count > 20) most = Math.max(most, arrayBuffers - start);
    }
    expect(count).toBe(300);
    // Those ahead and the one in hand, images and labels.
    expect(batchBuffers.size).toBeLessThanOrEqual(2 * (prefetch + 1));
    // A sample in work and what the transform made of it.
    expect(buffers.size).toBeLessThanOrEqual(2 * concurrency + 2);
    // Without using memory again it would be 280 batches of 450 kB.
    expect(most).toBeLessThan(4 * 4 * side ** 2 * 7);
  });
});

describe('windows', () => {
  const whole: Sample = {
    image: { width: 40, height: 30, channels: 1, data: Uint8Array.from({ length: 1200 }, (_, i) => i % 251) },
    labels: { width: 40, height: 30, classes: 2, planes: [new Uint32Array(1200)] },
  };
  // Class 1 in the top left corner, and near the middle.
  for (const at of [0, 1, 15 * 40 + 20]) whole.labels.planes[0]![at] = 2;
  const cache = { read: () => Promise.resolve(structuredClone(whole)) };
  const windows = async (focus: number | undefined, count = 60) => {
    const sampler: Sampler = () => Array.from({ length: count }, () => ({ entry: entries[0]!, focus }));
    const options = { cache, sampler, crop: { width: 9, height: 7 }, batchSize: 1 };
    return (await collect(options)).map(({ images, labels, imageShape }) => {
      expect(imageShape).toEqual([1, 7, 9, 1]);
      return { first: images[0]!, classPixels: labels.filter((bits) => bits === 2).length, images };
    });
  };

  test('around a class show it, each of its pixels as often', async () => {
    const cut = await windows(1);
    // As far as the image reaches; or rows 12 and columns 16 on, so that the pixel is in the middle.
    const corner = cut.filter(({ first, classPixels }) => first === 0 && classPixels === 2);
    const middle = cut.filter(
      ({ first, classPixels }) => first === (12 * 40 + 16) % 251 && classPixels === 1,
    );
    expect(corner.length + middle.length).toBe(60);
    expect(middle.length).toBeGreaterThan(9);
    expect(middle.length).toBeLessThan(31);
    const rows = Array.from({ length: 7 }, (_, y) =>
      Array.from({ length: 9 }, (_, x) => ((12 + y) * 40 + 16 + x) % 251),
    );
    expect([...middle[0]!.images]).toEqual(rows.flat());
  });

  test.each([undefined, 0])('for no class, or one that is not there, lie anywhere (%s)', async (focus) => {
    const places = new Set((await windows(focus)).map(({ first }) => first));
    expect(places.size).toBeGreaterThan(30);
  });
});

describe('reproducibility', () => {
  const augmented = { transform: noise, sampler: shuffledSampler };

  test('neither concurrency nor prefetching changes order or pixels', async () => {
    const reference = await collect({ ...augmented, concurrency: 1, prefetch: 1 });
    for (const [concurrency, prefetch] of [
      [1, 4],
      [3, 1],
      [16, 6],
    ] as const) {
      expect(await collect({ ...augmented, concurrency, prefetch })).toEqual(reference);
    }
  });

  test('nor does it with real transforms and memory that is used again', async () => {
    const side = 48;
    const names = ['HorizontalFlip', 'Rotate', 'RandomBrightnessContrast', 'CLAHE', 'Sharpen'] as const;
    const transform = buildTransform({ name: 'Compose', transforms: names.map((name) => ({ name })) });
    const cache = {
      read: async ({ id }: SampleEntry): Promise<Sample> => {
        const random = Random.from('pixels', id);
        const [planes, data] = [uninitializedPlanes(1, side ** 2), uninitialized(side ** 2 * 3)];
        for (let i = 0; i < data.length; i++) data[i] = random.integer(0, 256);
        for (let i = 0; i < side ** 2; i++) planes[0]![i] = random.integer(0, 2 ** 29);
        await setTimeout(Math.random() * 3);
        return {
          image: { width: side, height: side, channels: 3, data },
          labels: { width: side, height: side, classes: 29, planes },
        };
      },
    };
    const hashOf = async (options: Partial<LoaderOptions>): Promise<string> => {
      const hash = createHash('sha256');
      const given = { ...base, ...options, cache, transform, sampler: shuffledSampler };
      for await (const batch of loadBatches(given)) {
        hash.update(batch.ids.join()).update(batch.images).update(batch.labels);
        releaseBatch(batch);
      }
      return hash.digest('hex');
    };
    const hashes = new Set<string>();
    for (const concurrency of [1, 2, 7]) {
      for (const prefetch of [1, 2, 9]) hashes.add(await hashOf({ concurrency, prefetch }));
    }
    expect(hashes.size).toBe(1);
    expect(await hashOf({ epoch: 1 })).not.toBe([...hashes][0]);
  });

  test('seed and epoch decide order and pixels', async () => {
    const ids = async (options: Partial<LoaderOptions>) =>
      (await collect({ ...augmented, ...options })).flatMap((batch) => batch.ids);
    expect(await ids({})).not.toEqual(entries.map(({ id }) => id));
    expect([...(await ids({}))].sort()).toEqual(entries.map(({ id }) => id).sort());
    expect(await ids({ epoch: 1 })).not.toEqual(await ids({ epoch: 0 }));
    expect(await ids({ seed: 4 })).not.toEqual(await ids({ seed: 3 }));
    const pixels = async (epoch: number) => (await collect({ transform: noise, epoch }))[0]!.images;
    expect(await pixels(0)).not.toEqual(await pixels(1));
  });

  test("a sample's random numbers are those of its name, wherever it stands", async () => {
    const expected = new Uint8Array(36);
    const random = Random.from(3, 'augment', 0, 'image7.png');
    random.integer(0, 4);
    for (let i = 0; i < 36; i++) expected[i] = 7 + random.integer(0, 256);
    for (const options of [{}, { sampler: shuffledSampler }, { entries: entries.slice(5) }]) {
      const batches = await collect({ ...options, transform: noise });
      const batch = batches.find(({ ids }) => ids.includes('image7.png'))!;
      const at = batch.ids.indexOf('image7.png') * 36;
      expect(batch.images.subarray(at, at + 36)).toEqual(expected);
    }
  });

  test('a resumed epoch goes on as if it had not stopped, and computes nothing of what was before', async () => {
    const whole = await collect(augmented);
    const source = new SlowSource();
    const rest = await collect({ ...augmented, cache: source, startBatch: 4 });
    expect(rest).toEqual(whole.slice(4));
    expect([...source.reads].sort()).toEqual(
      whole
        .slice(4)
        .flatMap(({ ids }) => ids)
        .sort(),
    );
    expect(await collect({ ...augmented, startBatch: 6 })).toEqual([]);
  });

  test('a sample drawn twice is augmented in two ways, the same in every run', async () => {
    const sampler = () => [{ entry: entries[2]! }, { entry: entries[2]! }];
    const [batch] = await collect({ sampler, transform: noise });
    const [once, again] = [batch!.images.slice(0, 36), batch!.images.slice(36)];
    expect(once).not.toEqual(again);
    expect(await collect({ sampler, transform: noise, concurrency: 1 })).toEqual([batch]);
  });
});

describe('flow', () => {
  test('works ahead of the consumer, and not further than asked', async () => {
    const source = new SlowSource();
    const batches = loadBatches({ cache: source, ...base, prefetch: 2, concurrency: 3 });
    expect(source.reads).toHaveLength(0);
    for (const reads of [12, 16]) {
      await batches.next();
      await vi.waitFor(() => expect(source.reads).toHaveLength(reads), 10_000);
      await setTimeout(30);
      expect(source.reads).toHaveLength(reads);
    }
    expect(source.most).toBe(3);
    await batches.return();
  });

  test('leaving the loop stops reading, and nothing is left running', async () => {
    const source = new SlowSource();
    for await (const batch of loadBatches({ cache: source, ...base, prefetch: 4, concurrency: 2 })) {
      expect(batch.ids).toHaveLength(4);
      break;
    }
    expect(source.reading).toBe(0);
    const { length } = source.reads;
    expect(length).toBeLessThan(12);
    await setTimeout(50);
    expect(source.reads).toHaveLength(length);
  });

  test('an abort ends a pending batch with its reason, and nothing is left running', async () => {
    const source = new SlowSource();
    const controller = new AbortController();
    const batches = loadBatches({ cache: source, ...base, concurrency: 1, signal: controller.signal });
    const pending = batches.next();
    source.onRead = () => {
      if (source.reads.length === 2) controller.abort(new Error('Ctrl-C'));
    };
    await expect(pending).rejects.toThrow('Ctrl-C');
    expect(source.reading).toBe(0);
    expect(source.reads).toHaveLength(2);
    expect(await batches.next()).toEqual({ done: true, value: undefined });
  });

  test('an abort between batches, or before the first, ends the epoch', async () => {
    const controller = new AbortController();
    const batches = loadBatches({ cache: new SlowSource(), ...base, signal: controller.signal });
    await batches.next();
    controller.abort(new Error('Ctrl-C'));
    await expect(batches.next()).rejects.toThrow('Ctrl-C');
    const source = new SlowSource();
    const late = loadBatches({ cache: source, ...base, signal: controller.signal });
    await expect(late.next()).rejects.toThrow('Ctrl-C');
    expect(source.reads).toEqual([]);
  });

  test('what reading or transforming throws ends the epoch after the batches before it', async () => {
    const source = new SlowSource();
    const transform: SampleTransform = (sample) =>
      sample.image.data[0] === 9 ? Promise.reject(new Error('bad sample')) : Promise.resolve(sample);
    const ids: string[] = [];
    const run = async () => {
      for await (const batch of loadBatches({ cache: source, ...base, transform, prefetch: 5 }))
        ids.push(...batch.ids);
    };
    await expect(run()).rejects.toThrow('bad sample');
    expect(ids).toEqual(entries.slice(0, 8).map(({ id }) => id));
    expect(source.reading).toBe(0);
  });
});
