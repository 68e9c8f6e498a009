/** Augmented batches, samples read from what was decoded beforehand. */
import { buildTransform } from '../../src/augment/build.ts';
import { compose } from '../../src/augment/compose.ts';
import { releaseBatch } from '../../src/data/batch.ts';
import { loadBatches } from '../../src/data/loader/loadBatches.ts';
import { cacheOf, loaderSizes } from './material.ts';
import type { Conditions, DataWork, Measure } from './work.ts';

const batchSize = 4;
/** Batches of one measurement, fewer of larger images. */
const batchesAt: Readonly<Record<number, number>> = { 512: 24, 1024: 8, 2048: 4 };

async function loading({ material, threads }: Conditions, size: number, p: number): Promise<Measure> {
  const { cache, entries } = await cacheOf(material, size);
  const samples = batchSize * batchesAt[size]!;
  const transform = buildTransform(
    compose([
      { name: 'HorizontalFlip', p },
      { name: 'Rotate', p },
      { name: 'RandomBrightnessContrast', p },
      { name: 'CLAHE', p },
      { name: 'Sharpen', p },
    ]),
  );
  let epoch = 0;
  return async () => {
    const usage = process.cpuUsage();
    const start = performance.now();
    let taken = 0;
    for await (const batch of loadBatches({
      cache,
      entries,
      batchSize,
      seed: 1,
      epoch: epoch++,
      sampler: (all, random) => Array.from({ length: samples }, () => ({ entry: random.choice(all) })),
      transform,
      concurrency: threads,
    })) {
      taken += batch.ids.length;
      // As the trainer does once the engine has a copy.
      releaseBatch(batch);
    }
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(usage);
    return { seconds: seconds / taken, processorSeconds: (user + system) / 1e6 / taken };
  };
}

function loader(size: number, p: number): DataWork {
  return {
    name: `loader at ${size}²${p === 1 ? '' : `, each transform with p ${p}`}`,
    goal: 0.1,
    wholeMachine: true,
    ours: (conditions) => loading(conditions, size, p),
    peer: {
      module: 'loader',
      modes: ['DataLoader and albumentations'],
      options: { size, p, batchSize, batches: batchesAt[size]! },
    },
  };
}

/** Flip, rotate, brightness and contrast, CLAHE and sharpen on image and 29 labels; one sample is one unit. */
export const loaderWorks: readonly DataWork[] = [
  ...loaderSizes.map((size) => loader(size, 1)),
  loader(loaderSizes[0], 0.5),
];
