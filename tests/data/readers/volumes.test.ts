import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataset, prepareEntries } from '../../../src/experiment/experimentData.ts';
import { temporaryFolder, write } from '../../temporaryFolder.ts';
import { experiment } from './cases.ts';
import { side, writeGrey, writeImage, writeMetaImage } from './scenario.ts';

const [nx, ny, nz] = [side, 33, 34] as const;
const at = (x: number, y: number, z: number): number => x + nx * (y + ny * z);
const voxels = Int16Array.from({ length: nx * ny * nz }, (_, i) => (i % 251) - 1000);
const labels = Int16Array.from({ length: nx * ny * nz }, (_, i) => (i % 7 === 0 ? 3 : i % 5 === 0 ? 4 : 0));

async function volume(): Promise<string> {
  const root = join(await temporaryFolder(), 'set');
  await writeMetaImage(join(root, 'train/images/p1_0000.mha'), [nx, ny, nz], voxels);
  await writeMetaImage(join(root, 'train/labels/p1.mha'), [nx, ny, nz], labels);
  return root;
}

test.each([
  ['z', 0, 0, nz, nx, ny, (row: number, column: number, slice: number) => at(column, row, slice)],
  ['y', 1, 2, ny, nx, nz, (row: number, column: number, slice: number) => at(column, slice, row)],
  ['x', 1, 1, nx, ny, nz, (row: number, column: number, slice: number) => at(slice, column, row)],
] as const)(
  'slices along %s with %i neighbours',
  async (axis, neighbours, step, count, width, height, place) => {
    const root = await volume();
    const config = experiment(
      root,
      {
        name: 'volumes',
        classes: [
          { name: 'three', value: 3 },
          { name: 'both', value: [3, 4] },
        ],
        suffix: '_0000',
        axis,
        neighbours,
        step: Math.max(step, 1),
        intensity: { name: 'window', low: -1000, high: -745 },
      },
      neighbours === 0 ? 1 : 3,
    );
    const dataset = await openDataset(config.data);
    const entries = dataset.entries.train;
    expect(entries).toHaveLength(count);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(count);
    for (const index of [0, 7, count - 1]) {
      const entry = entries[index]!;
      expect(await dataset.readSize(entry)).toEqual({ width, height });
      const image = await dataset.readImage(entry);
      const wanted = neighbours === 0 ? [index] : [index - step, index, index + step];
      const inside = wanted.map((slice) => Math.min(Math.max(slice, 0), count - 1));
      const expected = Array.from({ length: width * height }, (_, i) =>
        inside.map((slice) => voxels[place(Math.floor(i / width), i % width, slice)]! + 1000),
      ).flat();
      expect([...image.data]).toEqual(expected);
      const bits = Array.from({ length: width * height }, (_, i) => {
        const value = labels[place(Math.floor(i / width), i % width, index)]!;
        return value === 3 ? 3 : value === 4 ? 2 : 0;
      });
      expect([...(await dataset.readLabels(entry)).planes[0]!]).toEqual(bits);
    }
  },
);

test('each slice has a sample of its own in the cache', async () => {
  const root = await volume();
  const format = {
    name: 'volumes',
    classes: [{ name: 'a', value: [3, 4] }],
    suffix: '_0000',
    every: 10,
  } as const;
  const config = experiment(root, format);
  const dataset = await openDataset(config.data);
  const cache = await prepareEntries(dataset, dataset.entries.train, config.data, join(root, '..', 'cache'));
  expect(cache.paths.size).toBe(4);
  const other = experiment(root, { ...format, intensity: { name: 'range' } });
  const windowed = await openDataset(other.data);
  const again = await prepareEntries(windowed, windowed.entries.train, other.data, join(root, '..', 'cache'));
  expect([...again.paths].filter((path) => cache.paths.has(path))).toEqual([]);
});

test('the images of a folder are neighbours as their names count', async () => {
  const root = join(await temporaryFolder(), 'set');
  const name = (slice: number): string => `case1_day0_slice_${slice}`;
  const grey = (slice: number): Uint8Array => new Uint8Array(side * side).fill(10 * slice);
  for (const slice of [8, 9, 10, 11])
    await writeGrey(join(root, `case1/scans/slice_${slice}.png`), grey(slice));
  await writeGrey(join(root, 'case2/scans/slice_9.png'), grey(1));
  const rows = [8, 9, 10, 11].map((slice) => `${name(slice).replace('case1_day0', 'case1')},a,1 3`);
  await write(join(root, 'train.csv'), ['id,class,segmentation', ...rows, 'case2_slice_9,a,'].join('\n'));
  const format = {
    name: 'rle-table',
    classes: ['a'],
    dialect: 'uw-madison',
    images: '.',
    neighbours: 1,
  } as const;
  const { data } = experiment(root, format, 3);
  const dataset = await openDataset(data);
  const seen: Record<string, number[]> = {};
  for (const entry of dataset.entries.train) {
    const image = await dataset.readImage(entry);
    expect(image.channels).toBe(3);
    seen[entry.imagePath.slice(root.length + 1)] = [...image.data.subarray(3 * 70, 3 * 71)];
  }
  expect(seen).toEqual({
    'case1/scans/slice_8.png': [80, 80, 90],
    'case1/scans/slice_9.png': [80, 90, 100],
    'case1/scans/slice_10.png': [90, 100, 110],
    'case1/scans/slice_11.png': [100, 110, 110],
    'case2/scans/slice_9.png': [10, 10, 10],
  });
  // A changed neighbour is another sample.
  const cache = join(root, '..', 'cache');
  const first = await prepareEntries(dataset, dataset.entries.train, data, cache);
  await writeGrey(join(root, 'case1/scans/slice_9.png'), grey(3));
  const again = await prepareEntries(dataset, dataset.entries.train, data, cache);
  expect([...again.paths].filter((path) => first.paths.has(path))).toHaveLength(2);
});

test('images in colours and of other sizes cannot be neighbours', async () => {
  const root = join(await temporaryFolder(), 'set');
  await writeGrey(join(root, 'images/1.png'), new Uint8Array(side * side));
  await writeImage(join(root, 'images/2.png'), new Uint8Array(3 * side * side), 3);
  await writeGrey(join(root, 'masks/1.png'), new Uint8Array(side * side));
  await writeGrey(join(root, 'masks/2.png'), new Uint8Array(side * side));
  const format = { name: 'mask-files', classes: ['a'], masks: 'masks/{name}', neighbours: 1 } as const;
  const dataset = await openDataset(experiment(root, format, 3).data);
  for (const entry of dataset.entries.train) {
    await expect(dataset.readImage(entry)).rejects.toMatchObject({ code: 'image/series' });
  }
});
