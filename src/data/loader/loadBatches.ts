import pLimit from 'p-limit';
import { PhalanxError } from '../../core/errors.ts';
import { Random } from '../../core/random.ts';
import { allPlanes } from '../../labels/labelMap.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { release } from '../../pixels/memory.ts';
import type { Batch } from '../batch.ts';
import type { Sample, SampleEntry } from '../dataset.ts';
import { defaultConcurrency } from '../mapConcurrently.ts';
import { Collation } from './collate.ts';
import { cropAround } from './cropAround.ts';
import { drawPartner } from './mixing.ts';
import type { DrawPartner, SampleMixer } from './mixing.ts';
import { sequentialSampler } from './samplers.ts';
import type { Drawn, Sampler } from './samplers.ts';

/**
 * Changes image and labels of a sample together; all its randomness comes from `random`. It may return what it was
 * given, but keep nothing of it: the memory is used again.
 */
export type SampleTransform = (sample: Sample, random: Random) => Promise<Sample>;

export interface LoaderOptions {
  /** Where samples come from, a cache for example; each time in memory of their own, which is used again. */
  readonly cache: { read(entry: SampleEntry): Promise<Sample> };
  readonly entries: readonly SampleEntry[];
  /** Samples in a batch, at least 1. */
  readonly batchSize: number;
  readonly seed: number;
  /** Counted from 0; order and augmentation differ from epoch to epoch. */
  readonly epoch: number;
  /** `sequentialSampler` if left out. */
  readonly sampler?: Sampler;
  /**
   * Of every sample only a window of this size goes on, centred on a pixel of the class that its draw names, as far as
   * the image reaches, or else anywhere; at most the samples' size.
   */
  readonly crop?: ImageSize;
  /** Leaves out the last batch if it is not full. */
  readonly dropLast?: boolean;
  readonly transform?: SampleTransform;
  /** Applied to transformed samples, with others of `entries`. */
  readonly mixer?: SampleMixer;
  /** Samples in work at once. */
  readonly concurrency?: number;
  /** Batches made ahead of the one that is being used, at least 1. */
  readonly prefetch?: number;
  /** First batch to yield; those before it are not computed, and the others are the same as without it. */
  readonly startBatch?: number;
  readonly signal?: AbortSignal;
}

/** Number of batches in an epoch of `samples` samples. */
export function batchCount(samples: number, batchSize: number, dropLast = false): number {
  return dropLast ? Math.floor(samples / batchSize) : Math.ceil(samples / batchSize);
}

/**
 * Yields an epoch's batches, each in arrays of its own, while the next ones are being read and transformed. Order and
 * pixels depend on seed, epoch and sample alone, not on concurrency, prefetching or where the epoch was resumed.
 *
 * Leaving the loop, an error or an abort stops all work; the generator ends only when nothing is left running.
 *
 * @throws PhalanxError `loader/options`, `loader/shape`, whatever reading and transforming throw; the signal's reason.
 */
export async function* loadBatches(options: LoaderOptions): AsyncGenerator<Batch, void, undefined> {
  const { prefetch = 2, startBatch = 0, signal } = options;
  checkOptions(options);
  const plans = planEpoch(options);
  const stop = new AbortController();
  const limit = pLimit(options.concurrency ?? defaultConcurrency);
  const inWork: Promise<Batch>[] = [];
  const onAbort = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  let next = startBatch;
  const fill = () => {
    while (next < plans.length && inWork.length < prefetch) {
      const batch = loadBatch(plans[next++]!, options, limit, stop.signal);
      // A batch that fails while another is awaited is reported when its turn comes.
      batch.catch(() => undefined);
      inWork.push(batch);
    }
  };
  try {
    signal?.throwIfAborted();
    fill();
    while (inWork.length > 0) {
      const batch = await inWork[0]!;
      signal?.throwIfAborted();
      void inWork.shift();
      fill();
      yield batch;
    }
  } finally {
    stop.abort();
    signal?.removeEventListener('abort', onAbort);
    await Promise.allSettled(inWork);
  }
}

/** One place in a batch: which sample, and the random numbers that are its own. */
interface Draw extends Drawn {
  readonly random: Random;
}

function planEpoch(options: LoaderOptions): Draw[][] {
  const { entries, batchSize, seed, epoch, sampler = sequentialSampler, dropLast } = options;
  const drawn = sampler(entries, Random.from(seed, 'order', epoch));
  const times = new Map<string, number>();
  const draws = drawn.map(({ entry, focus }) => {
    const earlier = times.get(entry.id) ?? 0;
    times.set(entry.id, earlier + 1);
    const random = Random.from(seed, 'augment', epoch, entry.id);
    return { entry, focus, random: earlier === 0 ? random : random.derive(earlier) };
  });
  return Array.from({ length: batchCount(draws.length, batchSize, dropLast) }, (_, batch) =>
    draws.slice(batch * batchSize, (batch + 1) * batchSize),
  );
}

async function loadBatch(
  draws: readonly Draw[],
  { cache, transform, crop, mixer, entries }: LoaderOptions,
  limit: ReturnType<typeof pLimit>,
  stop: AbortSignal,
): Promise<Batch> {
  const collation = new Collation(
    draws.map(({ entry }) => entry.id),
    mixer?.blends,
  );
  const load = async ({ entry, focus, random }: Draw, index: number): Promise<void> => {
    const made: Sample[] = [];
    const sampleOf = async (of: SampleEntry, own: Random, around?: number): Promise<Sample> => {
      stop.throwIfAborted();
      const whole = await cache.read(of);
      stop.throwIfAborted();
      const sample = crop === undefined ? whole : await cropAround(whole, crop, around, own.derive('crop'));
      if (sample !== whole) release([whole.image.data, ...allPlanes(whole.labels)]);
      made.push(sample);
      stop.throwIfAborted();
      if (transform === undefined) return sample;
      const transformed = await transform(sample, own);
      made.push(transformed);
      return transformed;
    };
    const partner: DrawPartner = (own) => sampleOf(drawPartner(entries, entry, own), own.derive('augment'));
    const own = await sampleOf(entry, random, focus);
    const mixed = await mixer?.mix(own, random.derive('mix'), partner);
    if (mixed !== undefined) made.push(mixed);
    collation.add(index, mixed ?? own);
    // The batch has a copy now. What some of them share is given back once.
    for (const { image, labels } of made) release([image.data, ...allPlanes(labels)]);
  };
  const loaded = await Promise.allSettled(draws.map((draw, index) => limit(load, draw, index)));
  const failure = loaded.find(({ status }) => status === 'rejected');
  if (failure !== undefined) throw (failure as PromiseRejectedResult).reason;
  return collation.batch;
}

function checkOptions(options: LoaderOptions): void {
  const { batchSize, prefetch = 1, concurrency = 1, startBatch = 0 } = options;
  const least = {
    batchSize: [batchSize, 1],
    prefetch: [prefetch, 1],
    concurrency: [concurrency, 1],
    startBatch: [startBatch, 0],
  } as const;
  for (const [name, [value, minimum]] of Object.entries(least)) {
    if (Number.isInteger(value) && value >= minimum) continue;
    throw new PhalanxError('loader/options', {
      what: 'The loader cannot start',
      where: name,
      expected: `a whole number of at least ${minimum}`,
      received: `${value}`,
    });
  }
}
