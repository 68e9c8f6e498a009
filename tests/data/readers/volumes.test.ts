import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataset, prepareEntries } from '../../../src/experiment/experimentData.ts';
import { temporaryFolder } from '../../temporaryFolder.ts';
import { experiment } from './cases.ts';
import { side, writeMetaImage } from './scenario.ts';

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
    const config = experiment(root, {
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
    });
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
