import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { checkFormat } from '../../../src/data/formats/check.ts';
import { batchesInOrder, openDataset, prepareEntries } from '../../../src/experiment/experimentData.ts';
import { experimentSchema } from '../../../src/experiment/schema.ts';
import type { DataFormat } from '../../../src/experiment/schema.ts';
import { minimal } from '../../experiment/declarations.ts';
import { temporaryFolder, write } from '../../temporaryFolder.ts';
import { pictures, planeOf, runs, side, writeGrey, writeImage, writeMetaImage } from './scenario.ts';
import type { Picture } from './scenario.ts';

/** A dataset in one format: how it is written and declared, and what must come back. */
interface Case {
  readonly format: DataFormat;
  readonly pictures: readonly Picture[];
  readonly write: (root: string, picture: Picture, index: number) => Promise<unknown>;
  /** Written once, after the images. */
  readonly finish?: (root: string, pictures: readonly Picture[]) => Promise<unknown>;
  readonly persons: readonly string[];
}

const classes = ['a', 'b'];
const overlapping = pictures(3, 2);
const apart = pictures(3, 2, { overlap: false });
const single = pictures(3, 1);
const files = ['image0.png', 'image1.png', 'image2.png'];
const values = ({ masks }: Picture, of: readonly number[]): Uint8Array =>
  Uint8Array.from(masks[0]!, (_, i) => masks.reduce((value, mask, c) => value + mask[i]! * of[c]!, 0));
const grey = (root: string, { name, grey }: Picture): Promise<void> =>
  writeGrey(join(root, 'train/images', `${name}.png`), grey);

/** The window takes 100…355 to 0…255, so that the noise comes back. */
const shifted = { name: 'window', low: 100, high: 355 } as const;

async function writeWide(path: string, values: Uint8Array): Promise<void> {
  const wide = Uint16Array.from(values, (value) => value + 100);
  const image = sharp(wide, { raw: { width: side, height: side, channels: 1 } });
  await write(path, await image.toColourspace('grey16').png().toBuffer());
}

const cases: Record<string, Case> = {
  'polygons of own classes': {
    format: { name: 'polygons', classes },
    pictures: overlapping,
    persons: ['P0', 'P1', 'P2'],
    write: async (root, { name, grey, boxes }, index) => {
      await writeGrey(join(root, `train/DCM/P${index}/${name}.png`), grey);
      const annotations = boxes.map(({ x0, y0, x1, y1 }, c) => ({
        type: 'poly_seg',
        label: classes[c],
        points: [
          [x0, y0],
          [x1 - 1, y0],
          [x1 - 1, y1 - 1],
          [x0, y1 - 1],
        ],
      }));
      await write(join(root, `train/outputs_json/P${index}/${name}.json`), JSON.stringify({ annotations }));
    },
  },
  'label images of values, with an ignored one': {
    format: {
      name: 'label-images',
      classes: [
        { name: 'a', value: 10 },
        { name: 'b', value: [20, 21] },
      ],
      ignore: [255],
    },
    pictures: apart,
    persons: files,
    write: async (root, picture, index) => {
      await grey(root, picture);
      const labels = values(picture, [10, 20 + (index % 2)]);
      labels[side * side - 1] = 255;
      await writeGrey(join(root, `train/labels/${picture.name}.tif`), labels);
    },
  },
  'label images in colours, in one folder with 16-bit images': {
    format: {
      name: 'label-images',
      classes: [
        { name: 'a', colour: [255, 0, 0] },
        { name: 'b', colour: [0, 128, 255] },
      ],
      images: '.',
      labels: '{folder}/{name}_labels.png',
      intensity: shifted,
    },
    pictures: apart,
    persons: ['P0', 'P1', 'P2'],
    write: async (root, { name, grey, masks }, index) => {
      await writeWide(join(root, `P${index}/${name}.png`), grey);
      const colours = Uint8Array.from({ length: 3 * side * side }, (_, i) => {
        const [pixel, channel] = [Math.floor(i / 3), i % 3];
        return masks[0]![pixel]! * [255, 0, 0][channel]! + masks[1]![pixel]! * [0, 128, 255][channel]!;
      });
      await writeImage(join(root, `P${index}/${name}_labels.png`), colours, 3);
    },
  },
  'mask files in a folder for each class, overlapping': {
    format: { name: 'mask-files', classes },
    pictures: overlapping,
    persons: files,
    write: async (root, picture) => {
      await grey(root, picture);
      for (const [c, mask] of picture.masks.entries()) {
        const white = mask.map((bit) => 255 * bit);
        await writeGrey(join(root, `train/masks/${classes[c]!}/${picture.name}.png`), white);
      }
    },
  },
  'masks beside their images, as the LGG brain MRI has them': {
    format: { name: 'mask-files', classes: ['tumour'], images: '.', masks: '{folder}/{name}_mask' },
    pictures: single,
    persons: ['TCGA_0', 'TCGA_1', 'TCGA_2'],
    write: async (root, { grey, masks }, index) => {
      await writeGrey(join(root, `TCGA_${index}/TCGA_${index}_7.tif`), grey);
      await writeGrey(
        join(root, `TCGA_${index}/TCGA_${index}_7_mask.tif`),
        masks[0]!.map((bit) => 255 * bit),
      );
    },
  },
  'folders inputs and labels, with faint masks': {
    format: {
      name: 'mask-files',
      classes: ['pneumothorax'],
      images: 'inputs',
      masks: '{split}/labels/{name}',
      threshold: 127,
    },
    pictures: single,
    persons: files,
    write: async (root, { name, grey, masks }) => {
      await writeGrey(join(root, `train/inputs/${name}.png`), grey);
      await writeGrey(
        join(root, `train/labels/${name}.png`),
        masks[0]!.map((bit) => 3 + 250 * bit),
      );
    },
  },
  'a table of runs along rows': {
    format: { name: 'rle-table', classes, dialect: 'hand-bone' },
    pictures: overlapping,
    persons: files,
    write: grey,
    finish: (root, all) => {
      const rows = all.flatMap(({ name, masks }) =>
        masks.map((mask, c) => `${name}.png,${classes[c]!},${runs(mask)}`),
      );
      return write(join(root, 'train.csv'), ['image_name,class,rle', ...rows, ''].join('\r\n'));
    },
  },
  'a table of runs down columns, as HuBMAP has it': {
    format: { name: 'rle-table', classes: ['tissue'], dialect: 'hubmap', columns: { rle: 'encoding' } },
    pictures: single,
    persons: files,
    write: grey,
    finish: (root, all) => {
      const rows = all.map(({ name, masks }) => `${name},${runs(masks[0]!, { columns: true })}`);
      return write(join(root, 'train.csv'), `id,encoding\n${rows.join('\n')}`);
    },
  },
  'a table of relative runs with several rows for an image, as SIIM-ACR has it': {
    format: { name: 'rle-table', classes: ['pneumothorax'], dialect: 'siim-acr', table: 'train-rle.csv' },
    pictures: single,
    persons: files,
    write: grey,
    finish: (root, all) => {
      const options = { columns: true, relative: true };
      const rows = all.flatMap(({ name, masks }) => {
        const half = masks[0]!.map((bit, i) => (i < 512 ? bit : 0));
        const rest = masks[0]!.map((bit, i) => (i < 512 ? 0 : bit));
        return [half, rest].map((mask) => `${name},${runs(mask, options) || '-1'}`);
      });
      return write(join(root, 'train-rle.csv'), `ImageId, EncodedPixels\n${rows.join('\n')}`);
    },
  },
  '16-bit slices with a table, as UW-Madison has them': {
    format: { name: 'rle-table', classes, dialect: 'uw-madison', images: '.', intensity: shifted },
    pictures: overlapping,
    persons: ['case0', 'case1', 'case2'],
    write: (root, { grey }, index) =>
      writeWide(
        join(root, `train/case${index}/case${index}_day20/scans/slice_0007_32_32_1.50_1.50.png`),
        grey,
      ),
    finish: (root, all) => {
      const rows = all.flatMap(({ masks }, index) =>
        masks.map((mask, c) => `case${index}_day20_slice_0007,${classes[c]!},${runs(mask)}`),
      );
      return write(join(root, 'train.csv'), ['id,class,segmentation', ...rows].join('\n'));
    },
  },
  'COCO, one box as a polygon and one as runs': {
    format: { name: 'coco', classes },
    pictures: overlapping,
    persons: files,
    write: grey,
    finish: (root, all) => {
      const annotations = all.flatMap(({ boxes, masks }, index) => {
        const { x0, y0, x1, y1 } = boxes[0]!;
        const columns = Array.from(
          { length: side * side },
          (_, i) => masks[1]![(i % side) * side + Math.floor(i / side)]!,
        );
        const counts = [0];
        for (const [i, bit] of columns.entries()) {
          if (bit !== (counts.length - 1) % 2) counts.push(0);
          counts[counts.length - 1]! += i >= 0 ? 1 : 0;
        }
        const shared = { image_id: index, iscrowd: 0 };
        return [
          // Through the middles of the outer pixels' outer edges, as tools draw boxes.
          { ...shared, category_id: 2, segmentation: [[x0, y0, x1, y0, x1, y1, x0, y1]] },
          { ...shared, category_id: 1, segmentation: { size: [side, side], counts } },
        ];
      });
      const images = all.map(({ name }, id) => ({ id, file_name: `${name}.png`, width: side, height: side }));
      const categories = [
        { id: 1, name: 'b' },
        { id: 2, name: 'a' },
      ];
      return write(join(root, 'train/annotations.json'), JSON.stringify({ images, annotations, categories }));
    },
  },
};

async function written({ pictures: all, write: one, finish }: Case): Promise<string> {
  const root = join(await temporaryFolder(), 'set');
  for (const [index, picture] of all.entries()) await one(root, picture, index);
  await finish?.(root, all);
  return root;
}

function experiment(root: string, format: DataFormat) {
  const data = { root, format, imageSize: side, channels: 1 as const, interpolation: 'nearest' as const };
  return experimentSchema.parse({ ...minimal, data, training: { length: { steps: 1 }, batchSize: 8 } });
}

describe.each(Object.entries(cases))('%s', (_name, scenario) => {
  test('becomes a batch of the right pixels and labels', async () => {
    const root = await written(scenario);
    const config = experiment(root, scenario.format);
    const dataset = await openDataset(config.data);
    const entries = dataset.entries.train;
    expect(entries.map(({ person }) => person)).toEqual(scenario.persons);
    for (const entry of entries) expect(await dataset.readSize(entry)).toEqual({ width: side, height: side });
    const cache = await prepareEntries(dataset, entries, config.data, join(root, '..', 'cache'));
    const batches = [];
    for await (const batch of batchesInOrder(cache, entries, config)) batches.push(batch);
    expect(batches).toHaveLength(1);
    const [{ images, labels, imageShape, labelShape }] = batches as [(typeof batches)[0]];
    expect([imageShape, labelShape]).toEqual([
      [3, side, side, 1],
      [3, side, side, 1],
    ]);
    expect([...images]).toEqual(scenario.pictures.flatMap(({ grey: bytes }) => [...bytes]));
    expect([...labels]).toEqual(scenario.pictures.flatMap(planeOf));
  });

  test('has no defects', async () => {
    const root = await written(scenario);
    const { format } = experiment(root, scenario.format).data;
    const { defects, images } = await checkFormat(root, format);
    expect(defects.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(images).toEqual({ train: 3, test: 0 });
  });
});

describe('volumes', () => {
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
    const cache = await prepareEntries(
      dataset,
      dataset.entries.train,
      config.data,
      join(root, '..', 'cache'),
    );
    expect(cache.paths.size).toBe(4);
    const other = experiment(root, { ...format, intensity: { name: 'range' } });
    const windowed = await openDataset(other.data);
    const again = await prepareEntries(
      windowed,
      windowed.entries.train,
      other.data,
      join(root, '..', 'cache'),
    );
    expect([...again.paths].filter((path) => cache.paths.has(path))).toEqual([]);
  });
});

test('the command line checks a folder by its format', async () => {
  const root = await written(cases['masks beside their images, as the LGG brain MRI has them']!);
  const format = JSON.stringify(cases['masks beside their images, as the LGG brain MRI has them']!.format);
  const { stdout } = await promisify(execFile)(process.execPath, [
    'bin/phalanx.js',
    ...['data', 'check', root, '--format', format],
  ]);
  expect(stdout).toContain('3 + 0 images of 3 people: 0 errors, 0 warnings.');
});
