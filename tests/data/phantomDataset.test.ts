import { readdirSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prepareCache } from '../../src/data/cache/cache.ts';
import { foldSplit, makeFolds } from '../../src/data/folds.ts';
import { checkDataset } from '../../src/data/handBone/check.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { loadBatches } from '../../src/data/loader/loadBatches.ts';
import { shuffledSampler } from '../../src/data/loader/samplers.ts';
import { writePhantom } from '../../src/data/phantom/writePhantom.ts';
import { temporaryFolder } from '../temporaryFolder.ts';

const size = 96;

async function phantom() {
  const folder = await temporaryFolder();
  const root = join(folder, 'phantom');
  await writePhantom(root, { people: 6, test: 1, size, seed: 5 });
  return { folder, root };
}

test('the phantom goes from its folder to batches', async () => {
  const { folder, root } = await phantom();
  expect((await checkDataset(root)).defects.filter(({ severity }) => severity === 'error')).toEqual([]);
  const dataset = await readHandBone(root);
  expect([dataset.entries.train.length, dataset.entries.test.length]).toEqual([12, 2]);
  for (const { person } of dataset.entries.train) {
    expect(dataset.persons.get(person)).toMatchObject({
      sex: expect.stringMatching(/^(fe)?male$/) as string,
      age: expect.any(Number) as number,
      weight: expect.any(Number) as number,
      height: expect.any(Number) as number,
    });
  }
  const { train, validation } = foldSplit(makeFolds(dataset, { count: 3, seed: 0, stratify: 'sex' }), 0);
  expect([train.length, validation.length]).toEqual([8, 4]);
  const cache = await prepareCache(dataset, dataset.entries.train, {
    directory: join(folder, 'cache'),
    imageSize: { width: 64, height: 64 },
    channels: 1,
    interpolation: 'area',
  });
  const batches = loadBatches({
    cache,
    entries: train,
    batchSize: 4,
    seed: 1,
    epoch: 0,
    sampler: shuffledSampler,
  });
  const seen: string[] = [];
  for await (const { ids, images, imageShape, labels } of batches) {
    seen.push(...ids);
    expect(imageShape).toEqual([4, 64, 64, 1]);
    expect(images.some((value) => value > 100)).toBe(true);
    // Every bone is somewhere in four hands.
    expect(labels.reduce((bits, pixel) => bits | pixel, 0)).toBe(2 ** 29 - 1);
  }
  expect(seen.sort()).toEqual(train.map(({ id }) => id).sort());
});

test.runIf(process.platform === 'linux')('nothing stays open, whatever fails', async () => {
  const { folder, root } = await phantom();
  const openFiles = () => readdirSync('/proc/self/fd').length;
  const use = async () => {
    const dataset = await readHandBone(root);
    const cache = await prepareCache(dataset, dataset.entries.train.slice(1), {
      directory: join(folder, 'cache'),
      imageSize: { width: 32, height: 32 },
      channels: 3,
      interpolation: 'area',
    });
    for (const entry of dataset.entries.train.slice(1)) await cache.read(entry);
    for (const path of cache.paths) await truncate(path, 10);
    for await (const batch of loadBatches({
      cache,
      entries: dataset.entries.train.slice(1),
      batchSize: 2,
      seed: 0,
      epoch: 0,
    })) {
      if (batch.ids.length === 2) break;
    }
    await truncate(dataset.entries.train[0]!.imagePath, 200);
    await expect(dataset.readImage(dataset.entries.train[0]!)).rejects.toThrow(/truncated/);
    await checkDataset(root);
  };
  await use();
  const before = openFiles();
  for (let i = 0; i < 3; i++) await use();
  expect(openFiles()).toBe(before);
});
