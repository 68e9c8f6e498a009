import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { listRuns } from '../../../src/experiment/runDirectory.ts';
import { openDataset, prepareEntries } from '../../../src/experiment/experimentData.ts';
import { evaluateRun } from '../../../src/experiment/evaluateRun.ts';
import { experimentSchema } from '../../../src/experiment/schema.ts';
import type { DataFormat } from '../../../src/experiment/schema.ts';
import { trainExperiment } from '../../../src/experiment/trainExperiment.ts';
import { openFormat } from '../../../src/data/formats/open.ts';
import { formatSchema } from '../../../src/data/formats/options.ts';
import { ttaOf } from '../../../src/inference/tta/options.ts';
import { temporaryFolder, write } from '../../temporaryFolder.ts';
import { experiment } from './cases.ts';
import { side, writeGrey, writeImage, writeMetaImage } from './scenario.ts';

const count = 9;
const size = [side, side, count] as const;
const modalities = ['flair', 't1', 't1ce', 't2'];

/** A value of its own for every slice of every modality, 0 to 255. */
const valueOf = (modality: number, slice: number): number => 50 * modality + 5 * slice;

function voxelsOf(modality: number): Int16Array {
  const plane = side * side;
  return Int16Array.from({ length: plane * count }, (_, i) => valueOf(modality, Math.floor(i / plane)));
}

/** BraTS's layout: a folder for each person, with a volume of each modality and one of labels. */
async function brats(people: readonly string[]): Promise<string> {
  const root = join(await temporaryFolder(), 'set');
  for (const person of people) {
    for (const [index, modality] of modalities.entries()) {
      await writeMetaImage(join(root, person, `${person}_${modality}.mha`), size, voxelsOf(index));
    }
    const labels = Int16Array.from({ length: side * side * count }, (_, i) => (i % side < 16 ? 4 : 0));
    await writeMetaImage(join(root, person, `${person}_seg.mha`), size, labels);
  }
  return root;
}

const inPlaces = {
  name: 'volumes',
  classes: [{ name: 'tumour', value: [1, 2, 4] }],
  images: '.',
  suffix: '_flair',
  labels: '{folder}/{name}_seg',
  modalities: modalities.slice(1).map((modality) => `{folder}/{name}_${modality}`),
  intensity: { name: 'window', low: 0, high: 255 },
} as const satisfies DataFormat;

const clamped = (slice: number): number => Math.min(Math.max(slice, 0), count - 1);

describe('slices and modalities of volumes', () => {
  test.each([
    ['seven slices', { modalities: [], neighbours: 3 }, [-3, -2, -1, 0, 1, 2, 3], 1],
    ['five, each second', { modalities: [], neighbours: 2, step: 2 }, [-4, -2, 0, 2, 4], 1],
    ['two, the slice and the one before', { modalities: [], neighbours: { before: 1 } }, [-1, 0], 1],
    ['those after', { modalities: [], neighbours: { after: 3 }, step: 2 }, [0, 2, 4, 6], 1],
    ['four modalities', {}, [0], 4],
    ['four modalities of three slices', { neighbours: 1 }, [-1, 0, 1], 4],
  ] as const)('%s are channels in order', async (_, options, offsets, kinds) => {
    const root = await brats(['p1']);
    const channels = offsets.length * kinds;
    const { data } = experiment(root, { ...inPlaces, ...options }, channels);
    const dataset = await openDataset(data);
    const entries = dataset.entries.train;
    expect(entries.map(({ id }) => id)).toEqual(
      Array.from({ length: count }, (_unused, slice) => `p1_flair_z${slice}`),
    );
    const cache = await prepareEntries(dataset, entries, data, join(root, '..', 'cache'));
    for (const [index, entry] of entries.entries()) {
      const expected = offsets.flatMap((offset) =>
        Array.from({ length: kinds }, (_unused, modality) => valueOf(modality, clamped(index + offset))),
      );
      const image = await dataset.readImage(entry);
      expect(image.channels).toBe(channels);
      expect([...image.data]).toEqual(Array.from({ length: side * side }, () => expected).flat());
      const { image: cached } = await cache.read(entry);
      expect(cached).toMatchObject({ width: data.imageSize, height: data.imageSize, channels });
      expect([...cached.data.subarray(0, channels)]).toEqual(expected);
      expect([...cached.data.subarray(-channels)]).toEqual(expected);
    }
  });

  it('have samples of their own in the cache for each way of stacking and each modality', async () => {
    const root = await brats(['p1']);
    const directory = join(root, '..', 'cache');
    const seen = new Set<string>();
    const prepare = async (options: object, channels: number): Promise<void> => {
      const { data } = experiment(root, { ...inPlaces, ...options }, channels);
      const dataset = await openDataset(data);
      const { paths } = await prepareEntries(dataset, dataset.entries.train, data, directory);
      for (const path of paths) {
        expect(seen.has(path)).toBe(false);
        seen.add(path);
      }
      expect(paths.size).toBe(count);
    };
    await prepare({}, 4);
    await prepare({ modalities: [...inPlaces.modalities].reverse() }, 4);
    await prepare({ modalities: [], neighbours: { before: 3 } }, 4);
    await prepare({ modalities: [], neighbours: { after: 3 } }, 4);
    await writeMetaImage(join(root, 'p1/p1_t2.mha'), size, voxelsOf(0));
    await prepare({}, 4);
  });

  it('go through windows of their own', async () => {
    const root = await brats(['p1']);
    const [first, ...others] = inPlaces.modalities;
    const windowed = { file: first!, intensity: { name: 'window', low: 0, high: 510 } } as const;
    const { data } = experiment(root, { ...inPlaces, modalities: [windowed, ...others] }, 4);
    const dataset = await openDataset(data);
    const { data: bytes } = await dataset.readImage(dataset.entries.train[4]!);
    expect([...bytes.subarray(0, 4)]).toEqual([20, 35, 120, 170]);
  });

  it('lack a file or have another size: one defect each, and the rest is listed', async () => {
    const root = await brats(['p1', 'p2', 'p3']);
    await write(join(root, 'p2/p2_t1ce.mha'), 'ObjectType = Image\n');
    await writeMetaImage(join(root, 'p3/p3_t2.mha'), [side, side, 3], new Int16Array(side * side * 3));
    const whole = formatSchema.parse({
      ...inPlaces,
      modalities: [...inPlaces.modalities, '{folder}/{name}_pet'],
    });
    await expect(openFormat(root, whole)).rejects.toMatchObject({
      code: 'image/no-modality',
      message: expect.stringContaining('p1/p1_pet') as string,
    });
    await expect(openFormat(root, formatSchema.parse(inPlaces))).rejects.toThrow('p2_t1ce');
    await writeMetaImage(join(root, 'p2/p2_t1ce.mha'), size, voxelsOf(2));
    await expect(openFormat(root, formatSchema.parse(inPlaces))).rejects.toMatchObject({
      code: 'volume/modality-size',
      message: expect.stringContaining('p3_t2') as string,
    });
  });
});

describe('files of images', () => {
  const stains = {
    name: 'label-images',
    classes: [{ name: 'nucleus', value: 1 }],
    suffix: '_red',
    modalities: ['{split}/images/{name}_green', '{split}/others/{name}_blue.png'],
  } as const satisfies DataFormat;

  async function cells(): Promise<string> {
    const root = join(await temporaryFolder(), 'set');
    const places = ['images/{}_red.png', 'images/{}_green.png', 'others/{}_blue.png', 'labels/{}.png'];
    for (const name of ['1', '2', '10']) {
      for (const [index, place] of places.entries()) {
        const value = index === 3 ? 1 : 10 * Number(name) + index;
        await writeGrey(
          join(root, 'train', place.replace('{}', name)),
          new Uint8Array(side * side).fill(value),
        );
      }
    }
    return root;
  }

  it('are channels, with the neighbours of their folder', async () => {
    const root = await cells();
    for (const [neighbours, expected] of [
      [0, [20, 21, 22]],
      [1, [10, 11, 12, 20, 21, 22, 100, 101, 102]],
      [{ before: 2 }, [10, 11, 12, 10, 11, 12, 20, 21, 22]],
    ] as const) {
      const dataset = await openDataset(experiment(root, { ...stains, neighbours }, expected.length).data);
      expect(dataset.entries.train.map(({ id }) => id)).toEqual(['10_red.png', '1_red.png', '2_red.png']);
      const image = await dataset.readImage(dataset.entries.train[2]!);
      expect(image.channels).toBe(expected.length);
      expect([...image.data.subarray(-expected.length)]).toEqual(expected);
      expect(
        (await dataset.readLabels(dataset.entries.train[2]!)).planes[0]!.every((bits) => bits === 1),
      ).toBe(true);
    }
  });

  it('in colours or of another size are refused when they are read', async () => {
    const root = await cells();
    await writeImage(join(root, 'train/images/2_green.png'), new Uint8Array(3 * side * side), 3);
    const dataset = await openDataset(experiment(root, stains, 3).data);
    const [, ok, colours] = dataset.entries.train;
    await expect(dataset.readImage(colours!)).rejects.toMatchObject({ code: 'image/series' });
    expect((await dataset.readImage(ok!)).channels).toBe(3);
  });
});

test.each([
  ['LUNA16: seven slices', { modalities: [], neighbours: 3 }, 7],
  ['BraTS: four modalities', {}, 4],
] as const)('%s train, validate, are predicted and scored', async (_, options, channels) => {
  const root = await brats(['p1', 'p2']);
  const folder = join(root, '..');
  const config = experimentSchema.parse({
    data: {
      root,
      format: { ...inPlaces, ...options, every: 4 },
      imageSize: 32,
      channels,
      folds: { count: 2 },
      normalization: { per: 'image_per_channel' },
    },
    model: {
      decoder: { name: 'unet', channels: [16, 16, 16] },
      encoder: { name: 'resnet18', depth: 3 },
    },
    loss: [{ name: 'bce' }],
    optimizer: { name: 'adamw', learningRate: 1e-3 },
    schedule: { name: 'constant' },
    augmentation: [
      { name: 'Rotate', p: 1 },
      { name: 'GaussNoise', p: 1 },
    ],
    mixing: [{ name: 'CutMix', p: 1 }],
    training: { length: { steps: 2 }, batchSize: 2, precision: 'float32' },
  });
  const [runs, cache] = [join(folder, 'runs'), join(folder, 'cache')];
  const path = await write(join(folder, 'stacks.ts'), 'export default {};\n');
  const types: string[] = [];
  for await (const event of trainExperiment({ experiment: { name: 'stacks', path, config }, runs, cache }))
    types.push(event.type);
  expect(types).toContain('validation');
  expect(types.at(-1)).toBe('finished');
  const [run] = await listRuns(runs);
  expect(run!.state.status).toBe('finished');
  for await (const event of evaluateRun({ run: run!, tta: ttaOf('hflip'), cache })) {
    if (event.type !== 'finished') continue;
    const { evaluation } = event;
    expect(evaluation.images).toBe(3);
    expect(evaluation.meanDice).toBeGreaterThanOrEqual(0);
    expect(await readFile(evaluation.report, 'utf8')).toContain('data:image/webp');
  }
});
