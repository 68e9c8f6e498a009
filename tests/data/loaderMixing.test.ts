import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { Batch } from '../../src/data/batch.ts';
import type { SampleEntry } from '../../src/data/dataset.ts';
import { loadBatches } from '../../src/data/loader/loadBatches.ts';
import type { LoaderOptions, SampleTransform } from '../../src/data/loader/loadBatches.ts';
import { drawPartner } from '../../src/data/loader/mixing.ts';
import type { SampleMixer } from '../../src/data/loader/mixing.ts';
import { shuffledSampler } from '../../src/data/loader/samplers.ts';
import { uninitialized, uninitializedPlanes } from '../../src/pixels/memory.ts';

const side = 72;
const entries: SampleEntry[] = Array.from({ length: 18 }, (_, i) => ({
  id: `${i}`,
  person: `ID${i >> 1}`,
  imagePath: '',
}));

/** Samples filled with their number plus one, in memory that is used again, read in uneven time. */
function source(reads: string[] = []): LoaderOptions['cache'] & { buffers: Set<ArrayBufferLike> } {
  const buffers = new Set<ArrayBufferLike>();
  return {
    buffers,
    read: async ({ id }) => {
      reads.push(id);
      const [data, planes] = [uninitialized(side ** 2), uninitializedPlanes(1, side ** 2)];
      data.fill(Number(id) + 1);
      planes[0]!.fill(Number(id) + 1);
      buffers.add(planes[0]!.buffer);
      await setTimeout(Random.from(id, reads.length).integer(0, 4));
      return {
        image: { width: side, height: side, channels: 1, data },
        labels: { width: side, height: side, classes: 29, planes },
      };
    },
  };
}

/** Adds 32 to some samples, in new memory. */
const brighter: SampleTransform = (sample, random) => {
  if (random.chance(0.5)) return Promise.resolve(sample);
  const data = uninitialized(side ** 2);
  for (const [i, value] of sample.image.data.entries()) data[i] = value + 32;
  return Promise.resolve({ ...sample, image: { ...sample.image, data } });
};

/** Most samples with a partner's labels beside their own and its value in the first pixel. */
const pairs: SampleMixer = {
  blends: true,
  async mix(sample, random, partner) {
    if (random.chance(0.2)) return sample;
    const other = await partner(random.derive('partner'));
    const data = uninitialized(side ** 2);
    data.set(sample.image.data);
    data[0] = other.image.data[0]!;
    return {
      image: { ...sample.image, data },
      labels: sample.labels,
      blended: { labels: other.labels, share: random.uniform() },
    };
  },
};

async function collect(options: Partial<LoaderOptions> = {}): Promise<Batch[]> {
  const batches: Batch[] = [];
  const base = { cache: source(), entries, batchSize: 3, seed: 3, epoch: 1, sampler: shuffledSampler };
  for await (const batch of loadBatches({ ...base, transform: brighter, mixer: pairs, ...options }))
    batches.push(batch);
  return batches;
}

test('batches of blended samples hold the labels of both and the shares', async () => {
  const batches = await collect();
  let blended = 0;
  for (const { ids, images, imageShape, labels, labelShape, shares } of batches) {
    expect(imageShape).toEqual([3, side, side, 1]);
    expect(labelShape).toEqual([3, side, side, 2]);
    for (const [n, id] of ids.entries()) {
      const own = Number(id) + 1;
      const [first, ...rest] = images.subarray(n * side ** 2, (n + 1) * side ** 2);
      const [own0, partner] = labels.subarray(2 * n * side ** 2);
      expect(new Set(rest).size).toBe(1);
      expect([own, own + 32]).toContain(rest[0]);
      expect(own0).toBe(own);
      const planes = labels.subarray(2 * n * side ** 2, 2 * (n + 1) * side ** 2);
      expect(planes.every((bits, i) => bits === (i % 2 === 0 ? own : partner))).toBe(true);
      if (partner === own) {
        expect(shares![n]).toBe(0);
        continue;
      }
      blended++;
      // Of another person, and transformed by itself.
      expect((partner! - 1) >> 1).not.toBe((own - 1) >> 1);
      expect([partner, partner! + 32]).toContain(first);
      expect(shares![n]).toBeGreaterThan(0);
    }
  }
  expect(blended).toBeGreaterThan(9);
});

test('without blending, batches have the shape that they have without a mixer', async () => {
  const mixer: SampleMixer = { blends: false, mix: (_, random, partner) => partner(random) };
  const [batch] = await collect({ mixer });
  expect(batch!.labelShape).toEqual([3, side, side, 1]);
  expect(batch!.shares).toBeUndefined();
  expect(batch!.labels[0]).not.toBe(Number(batch!.ids[0]) + 1);
});

describe('reproducibility', () => {
  test('neither concurrency nor prefetching nor where an epoch is resumed changes anything', async () => {
    const reference = await collect({ concurrency: 1, prefetch: 1 });
    expect(await collect({ concurrency: 5, prefetch: 4 })).toEqual(reference);
    expect(await collect({ concurrency: 3, startBatch: 4 })).toEqual(reference.slice(4));
    expect(await collect({ seed: 4 })).not.toEqual(reference);
  });

  test('partners come from the given entries alone', async () => {
    const reads: string[] = [];
    const train = entries.slice(0, 8);
    await collect({ cache: source(reads), entries: train });
    expect(reads.length).toBeGreaterThan(9);
    expect(reads.every((id) => train.some((entry) => entry.id === id))).toBe(true);
  });
});

test('the memory of partners is used again, and batches stay as they are', async () => {
  const cache = source();
  const many = Array.from({ length: 6 }, () => entries).flat();
  await collect({ cache, sampler: () => many.map((entry) => ({ entry })), concurrency: 2 });
  expect(cache.buffers.size).toBeLessThan(many.length / 3);
});

describe('a partner', () => {
  test('is of another person where there is one, and each of them as likely', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 1600; i++) {
      const { id } = drawPartner(entries, entries[4]!, Random.from(i));
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect(counts.size).toBe(16);
    // Four deviations of a binomial count with mean 100.
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(40);
  });

  test('is any where all are of one person', () => {
    expect(drawPartner(entries.slice(4, 6), entries[4]!, Random.from(1)).person).toBe('ID2');
  });
});
