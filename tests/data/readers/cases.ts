import { join } from 'node:path';
import sharp from 'sharp';
import { experimentSchema } from '../../../src/experiment/schema.ts';
import type { DataFormat } from '../../../src/experiment/schema.ts';
import { minimal } from '../../experiment/declarations.ts';
import { write } from '../../temporaryFolder.ts';
import { pictures, runs, side, writeGrey, writeImage } from './scenario.ts';
import type { Picture } from './scenario.ts';

/** A dataset in one format: how it is written and declared, and what must come back. */
export interface Case {
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

export const cases: Record<string, Case> = {
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

/** An experiment that reads its images as they are. */
export function experiment(root: string, format: DataFormat, channels = 1) {
  const data = { root, format, imageSize: side, channels, interpolation: 'nearest' as const };
  return experimentSchema.parse({ ...minimal, data, training: { length: { steps: 1 }, batchSize: 8 } });
}
