import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readFile, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { prepareCache } from '../../src/data/cache/cache.ts';
import type { CacheOptions, CacheProgress } from '../../src/data/cache/cache.ts';
import { dropStale, findStale } from '../../src/data/cache/stale.ts';
import type { Dataset, SampleEntry } from '../../src/data/dataset.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { classAreas } from '../../src/labels/overlap.ts';
import { resizeLabels } from '../../src/labels/resize.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';
import { annotationJson, noisePng, tinyPolygons, writeTiny } from './tinyDataset.ts';

interface Counted extends Dataset {
  /** Images decoded so far. */
  readonly decoded: () => number;
}

function counting(dataset: Dataset): Counted {
  let decoded = 0;
  return {
    ...dataset,
    readImage: (entry) => {
      decoded++;
      return dataset.readImage(entry);
    },
    decoded: () => decoded,
  };
}

async function setUp() {
  const folder = await temporaryFolder();
  const root = await writeTiny(join(folder, 'set'));
  const options: CacheOptions = {
    directory: join(folder, 'cache'),
    imageSize: { width: 16, height: 12 },
    channels: 1,
    interpolation: 'area',
  };
  const open = async () => counting(await readHandBone(root));
  const dataset = await open();
  const all = [...dataset.entries.train, ...dataset.entries.test];
  return { root, options, open, dataset, all };
}

const first = (entries: readonly SampleEntry[]): SampleEntry => entries[0]!;

/** A checksum of the label planes, which are too large to be compared by the test framework. */
function checksums({ planes }: LabelMap): number[] {
  return planes.map((plane) => crc32(plane));
}

async function sampleFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.sample'));
}

test('decodes every image once, ever', async () => {
  const { dataset, all, options, open } = await setUp();
  await prepareCache(dataset, all, options);
  expect(dataset.decoded()).toBe(5);
  const again = await open();
  const cache = await prepareCache(again, all, options);
  for (const entry of all) await cache.read(entry);
  expect(again.decoded()).toBe(0);
  expect(await sampleFiles(cache.folder)).toHaveLength(5);
});

test('holds what decoding, resizing and nearest labels give', async () => {
  const { dataset, all, options } = await setUp();
  const imageSize = { width: 32, height: 32 };
  const full = await prepareCache(dataset, all, { ...options, imageSize, channels: 3 });
  const half = await prepareCache(dataset, all, {
    ...options,
    imageSize: { width: 16, height: 16 },
    channels: 3,
  });
  for (const entry of dataset.entries.train) {
    const image = await dataset.readImage(entry);
    const labels = await dataset.readLabels(entry);
    const sample = await full.read(entry);
    expect(sample.image).toEqual({ ...image, data: new Uint8Array(image.data) });
    expect(sample.labels).toEqual(labels);
    const small = await half.read(entry);
    expect(small.labels).toEqual(await resizeLabels(labels, { width: 16, height: 16 }));
    // INTER_AREA at exactly half size is the rounded mean of four pixels.
    const at = (x: number, y: number, c: number) => image.data[(y * 32 + x) * 3 + c]!;
    const means = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => {
      const [x, y, c] = [2 * (Math.floor(i / 3) % 16), 2 * Math.floor(i / 48), i % 3];
      return (at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c) + 2) >> 2;
    });
    expect(Buffer.compare(small.image.data, means)).toBe(0);
  }
  const test = await full.read(first(dataset.entries.test));
  expect(test.labels.planes[0]!.every((bits) => bits === 0)).toBe(true);
});

test('every read has memory of its own', async () => {
  const { dataset, all, options } = await setUp();
  const cache = await prepareCache(dataset, all, options);
  const sample = await cache.read(first(all));
  const before = sample.image.data.slice();
  sample.image.data.fill(7);
  sample.labels.planes[0]!.fill(7);
  expect(Buffer.compare((await cache.read(first(all))).image.data, before)).toBe(0);
});

test('settings do not share samples', async () => {
  const { dataset, all, options } = await setUp();
  const variants: CacheOptions[] = [
    options,
    { ...options, imageSize: { width: 12, height: 16 } },
    { ...options, channels: 3 },
    { ...options, interpolation: 'linear' },
    { ...options, labelInterpolation: 'area' },
  ];
  const folders = await Promise.all(variants.map(async (v) => (await prepareCache(dataset, all, v)).folder));
  expect(new Set(folders).size).toBe(variants.length);
});

test('labels are shrunk as asked, by default nearest', async () => {
  const { dataset, all, options } = await setUp();
  const entry = first(all);
  const full = await dataset.readLabels(entry);
  const [byDefault, nearest, area] = await Promise.all(
    [undefined, 'nearest' as const, 'area' as const].map(async (labelInterpolation) => {
      const cache = await prepareCache(dataset, all, { ...options, labelInterpolation });
      return { folder: cache.folder, labels: (await cache.read(entry)).labels };
    }),
  );
  const size = { width: 16, height: 12 };
  expect(byDefault).toEqual(nearest);
  expect(checksums(nearest!.labels)).toEqual(checksums(await resizeLabels(full, size)));
  expect(checksums(area!.labels)).toEqual(checksums(await resizeLabels(full, size, 'area')));
  expect(checksums(area!.labels)).not.toEqual(checksums(nearest!.labels));
});

test('notices a changed annotation and a changed image, even of the same size and time', async () => {
  const { dataset, all, options, open } = await setUp();
  const entry = first(all);
  await prepareCache(dataset, all, options);
  await write(entry.annotationPath!, annotationJson(tinyPolygons().slice(2)));
  const changed = await open();
  const cache = await prepareCache(changed, all, options);
  expect(changed.decoded()).toBe(1);
  expect((await cache.read(entry)).labels).toEqual(
    await resizeLabels(await dataset.readLabels(entry), { width: 16, height: 12 }),
  );

  // What follows the end of a PNG is not read.
  const padded = (png: Buffer) => Buffer.concat([png, Buffer.alloc(8000 - png.length)]);
  const time = new Date(Date.now() - 60_000);
  await writeFile(entry.imagePath, padded(await readFile(entry.imagePath)));
  await utimes(entry.imagePath, time, time);
  await prepareCache(await open(), all, options);
  await writeFile(entry.imagePath, padded(await noisePng('other')));
  await utimes(entry.imagePath, time, time);
  const replaced = await open();
  const latest = await prepareCache(replaced, all, options);
  expect(replaced.decoded()).toBe(1);
  expect((await latest.read(entry)).image.data).not.toEqual((await cache.read(entry)).image.data);
});

test('remembers content hashes of files that have settled', async () => {
  const { dataset, all, options } = await setUp();
  const now = Date.now();
  vi.useFakeTimers({ now: now + 60_000, toFake: ['Date'] });
  try {
    await prepareCache(dataset, all, options);
  } finally {
    vi.useRealTimers();
  }
  const index = JSON.parse(await readFile(join(options.directory, 'sources.json'), 'utf8')) as {
    files: object;
  };
  expect(Object.keys(index.files)).toHaveLength(9);
  // That it is believed shows when it is wrong.
  const [entry] = all;
  const wrong = JSON.stringify(index).replace(
    /("[^"]*image11_R\.png":\{[^}]*"hash":")[^"]*/,
    (_, before: string) => `${before}wrong`,
  );
  await writeFile(join(options.directory, 'sources.json'), wrong);
  await prepareCache(dataset, [entry!], options);
  expect(dataset.decoded()).toBe(6);
  // A damaged index costs time, nothing else.
  await writeFile(join(options.directory, 'sources.json'), '{"version": 1, "files": {"x": 3}}');
  await prepareCache(dataset, all, options);
  expect(dataset.decoded()).toBe(6);
});

test.each([
  ['cut off', (path: string) => truncate(path, 100)],
  ['empty', (path: string) => truncate(path, 0)],
  ['longer', (path: string) => appendFile(path, 'x')],
  ['gone', (path: string) => rm(path)],
  [
    'altered in one bit',
    async (path: string) => {
      const bytes = await readFile(path);
      bytes[300]! ^= 4;
      await writeFile(path, bytes);
    },
  ],
])('a sample file that is %s is made again', async (_, spoil) => {
  const { dataset, all, options } = await setUp();
  const cache = await prepareCache(dataset, all, options);
  const entry = first(all);
  const intact = await cache.read(entry);
  expect(dataset.decoded()).toBe(5);
  for (const file of cache.paths) await spoil(file);
  const mended = await cache.read(entry);
  expect(Buffer.compare(mended.image.data, intact.image.data)).toBe(0);
  expect(mended.labels).toEqual(intact.labels);
  expect(dataset.decoded()).toBe(6);
  await cache.read(entry);
  expect(dataset.decoded()).toBe(6);
});

test('concurrent builds agree and leave nothing half-written', async () => {
  const { all, options, open } = await setUp();
  const datasets = await Promise.all(Array.from({ length: 6 }, open));
  const caches = await Promise.all(datasets.map((dataset) => prepareCache(dataset, all, options)));
  const samples = await Promise.all(caches.map((cache) => cache.read(first(all))));
  for (const sample of samples) expect(sample).toEqual(samples[0]);
  expect((await readdir(caches[0]!.folder)).filter((name) => name !== 'settings.json').sort()).toEqual(
    (await sampleFiles(caches[0]!.folder)).sort(),
  );
  expect(await sampleFiles(caches[0]!.folder)).toHaveLength(5);
});

test('an aborted build keeps what is whole, and the next one continues', async () => {
  const { dataset, all, options, open } = await setUp();
  const controller = new AbortController();
  const building = prepareCache(dataset, all, {
    ...options,
    concurrency: 1,
    signal: controller.signal,
    onProgress: ({ done }) => {
      if (done === 2) controller.abort(new Error('enough'));
    },
  });
  await expect(building).rejects.toThrow('enough');
  expect(dataset.decoded()).toBe(2);
  const next = await open();
  await prepareCache(next, all, options);
  expect(next.decoded()).toBe(3);
});

test('a killed build leaves nothing that is half there', async () => {
  const { root, dataset, all, options, open } = await setUp();
  const side = 1500;
  const script = new URL('buildCache.process.ts', import.meta.url).pathname;
  const args = ['--import', 'tsx', script, root, options.directory, String(side)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  // In the middle of the second sample, or thereabouts.
  await setTimeout(20);
  child.kill('SIGKILL');
  expect((await ended)[1]).toBe('SIGKILL');
  const settings: CacheOptions = {
    ...options,
    imageSize: { width: side, height: side },
    channels: 3,
    interpolation: 'linear',
  };
  const cache = await prepareCache(dataset, dataset.entries.train, settings);
  const prepared = dataset.decoded();
  expect(prepared).toBeGreaterThan(0);
  expect(prepared).toBeLessThan(dataset.entries.train.length);
  for (const entry of dataset.entries.train) await cache.read(entry);
  expect(dataset.decoded()).toBe(prepared);
  const fresh = await prepareCache(await open(), all, { ...settings, directory: `${options.directory}2` });
  for (const entry of dataset.entries.train) {
    const [found, expected] = [await cache.read(entry), await fresh.read(entry)];
    expect(Buffer.compare(found.image.data, expected.image.data)).toBe(0);
    expect(checksums(found.labels)).toEqual(checksums(expected.labels));
  }
});

test('an unreadable image is named', async () => {
  const { dataset, all, options } = await setUp();
  await truncate(first(all).imagePath, 500);
  await expect(prepareCache(dataset, all, options)).rejects.toMatchObject({
    code: 'image/truncated',
    message: expect.stringContaining(first(all).imagePath) as string,
  });
  await rm(first(all).imagePath);
  await expect(prepareCache(dataset, all, options)).rejects.toMatchObject({ code: 'cache/source' });
});

test('finds and drops what is stale', async () => {
  const { dataset, all, options, open } = await setUp();
  const old = await prepareCache(dataset, all, options);
  expect(await findStale(old)).toEqual([]);
  await write(first(all).annotationPath!, annotationJson(tinyPolygons().slice(1)));
  const cache = await prepareCache(await open(), all, options);
  const abandoned = join(cache.folder, '.x.sample.0.tmp');
  const running = join(cache.folder, '.y.sample.0.tmp');
  await writeFile(abandoned, 'half');
  await writeFile(running, 'half');
  const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
  await utimes(abandoned, longAgo, longAgo);
  const stale = await findStale(cache);
  const replaced = [...old.paths].find((path) => !cache.paths.has(path))!;
  expect(stale.map(({ path }) => path).sort()).toEqual([abandoned, replaced].sort());
  await dropStale(stale);
  expect(await findStale(cache)).toEqual([]);
  // Five samples, the running build's file, and the settings.
  expect(await readdir(cache.folder)).toHaveLength(7);
});

test('finds and drops what another version has written, and leaves other settings alone', async () => {
  const { dataset, all, options } = await setUp();
  const cache = await prepareCache(dataset, all, options);
  const other = await prepareCache(dataset, all, { ...options, channels: 3 });
  const old = join(options.directory, '0'.repeat(32));
  const mine = await write(join(options.directory, 'notes', 'x.sample'), 'mine');
  for (const name of ['a.sample', 'b.sample']) await write(join(old, name), 'old');
  const [unreadable] = await sampleFiles(other.folder);
  await write(join(other.folder, 'settings.json'), '{"version": "0.1"}');
  const stale = (await findStale(cache)).map(({ path }) => path);
  expect(stale).toContain(join(other.folder, unreadable!));
  expect(stale).toHaveLength(2 + 5 + 1);
  await rm(join(other.folder, 'settings.json'));
  await prepareCache(dataset, all, { ...options, channels: 3 });
  const left = await findStale(cache);
  expect(left.map(({ path }) => path).sort()).toEqual([join(old, 'a.sample'), join(old, 'b.sample')]);
  await dropStale(left);
  expect(await readdir(options.directory)).not.toContain('0'.repeat(32));
  expect(await readFile(mine, 'utf8')).toBe('mine');
  expect(await sampleFiles(other.folder)).toHaveLength(5);
});

test('knows the areas of the classes without reading the sample, also of one that is gone', async () => {
  const { dataset, all, options } = await setUp();
  const cache = await prepareCache(dataset, all, options);
  for (const entry of [all[0]!, all.at(-1)!]) {
    const { labels } = await cache.read(entry);
    const expected = Uint32Array.from(await classAreas(labels));
    expect(await cache.areas(entry)).toEqual(expected);
    for (const path of cache.paths) await rm(path, { force: true });
    expect(await cache.areas(entry)).toEqual(expected);
  }
});

test('tells what was made and how large it is', async () => {
  const { dataset, all, options } = await setUp();
  const seen: CacheProgress[] = [];
  const cache = await prepareCache(dataset, all, {
    ...options,
    onProgress: (progress) => seen.push(progress),
  });
  const sizes = await Promise.all([...cache.paths].map(async (path) => (await stat(path)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  expect(cache).toMatchObject({ built: 5, bytes });
  expect(seen.at(-1)).toEqual({ done: 5, total: 5, built: 5, bytes });
  expect(await prepareCache(dataset, all, options)).toMatchObject({ built: 0, bytes });
});

test('labels take what their borders take', async () => {
  const { dataset, all, options } = await setUp();
  const imageSize = { width: 512, height: 512 };
  const cache = await prepareCache(dataset, all, { ...options, imageSize });
  // The image, and at most a twentieth of the four bytes a pixel that the plane has.
  for (const path of cache.paths) expect((await stat(path)).size).toBeLessThan(512 ** 2 * 1.2);
});

test('several processes build one cache, and one of them may be killed', async () => {
  const { root, dataset, options } = await setUp();
  const side = 900;
  const script = new URL('buildCache.process.ts', import.meta.url).pathname;
  const args = ['--import', 'tsx', script, root, options.directory, String(side)];
  const start = () => spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const children = [start(), start(), start()];
  const ends = children.map((child) => once(child, 'exit'));
  await once(children[0]!.stdout, 'data');
  children[0]!.kill('SIGKILL');
  const codes = (await Promise.all(ends)).map(([code]) => code as number | null);
  expect(codes.slice(1)).toEqual([0, 0]);
  const settings: CacheOptions = {
    ...options,
    imageSize: { width: side, height: side },
    channels: 3,
    interpolation: 'linear',
  };
  const { train } = dataset.entries;
  const cache = await prepareCache(dataset, train, settings);
  expect(cache.built).toBe(0);
  const fresh = await prepareCache(dataset, train, { ...settings, directory: `${options.directory}2` });
  for (const entry of train) {
    const [found, expected] = [await cache.read(entry), await fresh.read(entry)];
    expect(Buffer.compare(found.image.data, expected.image.data)).toBe(0);
    expect(checksums(found.labels)).toEqual(checksums(expected.labels));
  }
}, 60_000);

test('refuses an entry that was not prepared', async () => {
  const { dataset, options } = await setUp();
  const cache = await prepareCache(dataset, dataset.entries.train, options);
  await expect(cache.read(first(dataset.entries.test))).rejects.toMatchObject({ code: 'cache/unprepared' });
});
