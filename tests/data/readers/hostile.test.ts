import { copyFile, readFile, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { checkFormat } from '../../../src/data/formats/check.ts';
import { openFormat } from '../../../src/data/formats/open.ts';
import { formatSchema } from '../../../src/data/formats/options.ts';
import type { Format } from '../../../src/data/formats/options.ts';
import { temporaryFolder, write } from '../../temporaryFolder.ts';
import { pictures, side, writeGrey, writeMetaImage } from './scenario.ts';

const goldens = resolve('tests/goldens/readers');
let folder: string;
let root: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  root = join(folder, 'set');
});

/**
 * Errors of reading that a check of the folder lists, and the images it found all the same; the pictures here repeat
 * each other, which the check reports too.
 */
async function checked(format: Format) {
  const { defects, images } = await checkFormat(root, format);
  const repeats = ['leakage/identical-images', 'labels/repeated-content'];
  const errors = defects.filter(({ severity, code }) => severity === 'error' && !repeats.includes(code));
  return { errors: errors.map(({ code, file }) => `${code} ${file}`), images: images.train };
}

const [first, second, third] = pictures(3, 1) as [Picture, Picture, Picture];
type Picture = ReturnType<typeof pictures>[0];

describe('masks', () => {
  const declared = { name: 'mask-files', classes: ['a'], masks: '{split}/masks/{name}' };
  const format = formatSchema.parse(declared);

  beforeEach(async () => {
    for (const { name, grey, masks } of [first, second, third]) {
      await writeGrey(join(root, `train/images/${name}.png`), grey);
      await writeGrey(
        join(root, `train/masks/${name}.png`),
        masks[0]!.map((bit) => 255 * bit),
      );
    }
  });

  const image = 'train/images/image1.png';
  const mask = 'train/masks/image1.png';
  const spoilt: Record<string, [expected: string, spoil: () => Promise<unknown>, another?: string]> = {
    'a truncated image': [`image/unreadable ${image}`, () => truncate(join(root, image), 200)],
    'a truncated mask': [`image/unreadable ${mask}`, () => truncate(join(root, mask), 60)],
    'an image in the place of a mask': [
      `annotation/not-binary ${mask}`,
      () => copyFile(join(root, image), join(root, mask)),
    ],
    'a mask of another size': [
      `annotation/size ${mask}`,
      () => copyFile(join(goldens, 'images/bit.png'), join(root, mask)),
    ],
    'a mask in colours': [
      `annotation/not-grey ${mask}`,
      async () => writeFile(join(root, mask), await coloured()),
    ],
    'an image without mask': [
      `image/without-annotation ${image}`,
      () => rename(join(root, mask), join(root, 'train/masks/elsewhere.png')),
    ],
    'an image of 32-bit numbers': [
      `image/depth train/images/image1.tif`,
      async () => {
        await copyFile(join(goldens, 'images/float32.tif'), join(root, 'train/images/image1.tif'));
        await rename(join(root, image), join(folder, 'gone.png'));
      },
      // It is also smaller than the mask.
      `annotation/size ${mask}`,
    ],
  };

  async function coloured(): Promise<Buffer> {
    const { default: sharp } = await import('sharp');
    return await sharp({ create: { width: side, height: side, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer();
  }

  test.each(Object.entries(spoilt))(
    '%s is one defect, and the rest is there',
    async (_name, [expected, spoil, another]) => {
      await spoil();
      const errors = another === undefined ? [expected] : [expected, another];
      expect(await checked(format)).toEqual({ errors, images: 3 });
    },
  );

  test('links that lead out of the dataset are not followed, and those in circles end', async () => {
    await writeGrey(join(folder, 'outside/secret.png'), first.grey);
    await symlink(join(folder, 'outside'), join(root, 'train/images/out'));
    await symlink(join(folder, 'outside/secret.png'), join(root, 'train/images/secret.png'));
    await symlink(join(root, 'train'), join(root, 'train/images/round'));
    expect(await checked(format)).toEqual({
      errors: ['dataset/outside-root train/images/secret.png', 'dataset/outside-root train/images/out'],
      images: 3,
    });
    await expect(openFormat(root, format)).rejects.toMatchObject({ code: 'dataset/outside-root' });
  });

  test('an image whose path does not tell the person is one defect', async () => {
    const named = formatSchema.parse({ ...declared, person: '^image([01])' });
    expect(await checked(named)).toEqual({
      errors: ['dataset/unknown-person train/images/image2.png'],
      images: 3,
    });
    const { entries } = await openFormat(root, formatSchema.parse({ ...declared, person: '^image(\\d)' }));
    expect(entries.train.map(({ person }) => person)).toEqual(['0', '1', '2']);
    const groups = ['a', '(a)(b)', '('];
    expect(groups.map((person) => formatSchema.safeParse({ name: 'coco', person }).success)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('templates and folders lead nowhere but down', () => {
    for (const [key, value] of [
      ['masks', '../{name}'],
      ['masks', '/etc/{name}'],
      ['images', '..'],
      ['train', ['a/../..']],
    ] as const) {
      const declared = { name: 'mask-files', classes: ['a'], [key]: value };
      expect(formatSchema.safeParse(declared).success, String(value)).toBe(false);
    }
  });
});

describe('COCO', () => {
  const format = formatSchema.parse({ name: 'coco' });
  const entry = (id: number, file_name: string) => ({ id, file_name, width: side, height: side });
  const region = (image_id: number, segmentation: unknown) => ({ image_id, category_id: 1, segmentation });
  const triangle = [[1, 1, 9, 1, 9, 9]];

  async function written(images: unknown[], annotations: unknown[]): Promise<void> {
    for (const { name, grey } of [first, second])
      await writeGrey(join(root, `train/images/${name}.png`), grey);
    const document = { images, annotations, categories: [{ id: 1, name: 'a' }] };
    await write(join(root, 'train/annotations.json'), JSON.stringify(document));
  }

  const good = [entry(0, 'image0.png'), entry(1, 'image1.png')];
  const json = 'train/annotations.json';

  test.each([
    [
      'a path that leaves the folder',
      [...good, entry(2, '../../../etc/passwd')],
      [],
      'annotation/without-image',
    ],
    ['an absolute path', [...good, entry(2, '/etc/passwd')], [], 'annotation/without-image'],
    ['an image twice', [...good, entry(2, './image1.png')], [], 'annotation/repeated-image'],
    ['an image without size', [...good, { id: 3, file_name: 'x.png' }], [], 'annotation/malformed'],
    ['an annotation of no image', good, [region(9, triangle)], 'annotation/malformed'],
  ])('%s is one defect', async (_name, images, annotations, code) => {
    await written(images, [region(0, triangle), region(1, triangle), ...annotations]);
    expect(await checked(format)).toEqual({ errors: [`${code} ${json}`], images: 2 });
  });

  test.each([
    ['a polygon of two points', [[1, 1, 2, 2]], 'annotation/malformed'],
    ['a polygon far outside', [[1, 1, 1e9, 1, 1, 1e9]], 'annotation/outside-image'],
    ['runs of another size', { size: [4, 4], counts: [16] }, 'annotation/size'],
    ['runs that do not fill the image', { size: [side, side], counts: [5, 5] }, 'labels/rle'],
    ['no segmentation', undefined, 'annotation/malformed'],
  ])('%s spoils one image', async (_name, segmentation, code) => {
    await written(good, [region(0, triangle), region(1, segmentation)]);
    expect(await checked(format)).toEqual({ errors: [`${code} ${json}, annotations[1]`], images: 2 });
    const listed = formatSchema.parse({ name: 'coco' });
    const dataset = await openFormat(root, listed);
    expect((await dataset.readLabels(dataset.entries.train[0]!)).planes[0]!.some((bits) => bits === 1)).toBe(
      true,
    );
  });

  test('a file of 600 MB is refused before it is read', async () => {
    await written(good, []);
    await truncate(join(root, json), 600 * 2 ** 20);
    expect(await checked(format)).toEqual({
      errors: [
        `annotation/unreadable ${json}`,
        ...['image0', 'image1'].map((name) => `image/without-annotation train/images/${name}.png`),
      ],
      images: 2,
    });
  });
});

describe('tables', () => {
  const format = formatSchema.parse({ name: 'rle-table', classes: ['a'], dialect: 'hand-bone' });

  async function written(rows: readonly string[]): Promise<void> {
    for (const { name, grey } of [first, second])
      await writeGrey(join(root, `train/images/${name}.png`), grey);
    await write(join(root, 'train.csv'), ['image_name,class,rle', ...rows].join('\n'));
  }

  test.each([
    ['runs beyond the image', 'image1.png,a,1000 500', 'labels/rle train.csv, line 3, character 1'],
    ['runs that overlap', 'image1.png,a,1 5 3 5', 'labels/rle train.csv, line 3, character 5'],
    ['negative numbers', 'image1.png,a,-1 5', 'labels/rle train.csv, line 3, character 1'],
    ['an unknown class', 'image1.png,b,1 5', 'annotation/unknown-label train.csv, line 3'],
  ])('%s spoil one image', async (_name, row, error) => {
    await written(['image0.png,a,1 5', row]);
    expect(await checked(format)).toEqual({ errors: [error], images: 2 });
  });

  test('a table that is a link out of the dataset, or too large, or lacks a column, is one defect', async () => {
    await written(['image0.png,a,1 5', 'image1.png,a,']);
    const bare = ['image0', 'image1'].map((name) => `image/without-annotation train/images/${name}.png`);
    await writeFile(join(root, 'train.csv'), 'image_name,rle\n');
    expect(await checked(format)).toEqual({ errors: ['annotation/malformed train.csv', ...bare], images: 2 });
    await truncate(join(root, 'train.csv'), 2 ** 30);
    expect(await checked(format)).toEqual({
      errors: ['annotation/unreadable train.csv', ...bare],
      images: 2,
    });
    await rename(join(root, 'train.csv'), join(folder, 'outside.csv'));
    await symlink(join(folder, 'outside.csv'), join(root, 'train.csv'));
    expect(await checked(format)).toEqual({ errors: ['dataset/outside-root train.csv', ...bare], images: 2 });
  });
});

describe('volumes', () => {
  const format = formatSchema.parse({ name: 'volumes', classes: [{ name: 'a', value: 1 }], every: 2 });
  const voxels = Int16Array.from({ length: side * side * 4 }, (_, i) => i % 100);

  beforeEach(async () => {
    for (const name of ['p1', 'p2']) {
      await writeMetaImage(join(root, `train/images/${name}.mha`), [side, side, 4], voxels);
      await writeMetaImage(
        join(root, `train/labels/${name}.mha`),
        [side, side, 4],
        voxels.map((value) => value % 2),
      );
    }
  });

  const image = 'train/images/p2.mha';
  const header =
    'ObjectType = Image\nNDims = 3\nDimSize = 32 32 4\nElementType = MET_SHORT\nElementDataFile = ';
  const leading = (path: string) => async () => {
    await write(join(root, 'train/images/p3.mhd'), `${header}${path}\n`);
  };
  const spoilt: Record<string, [errors: string[], images: number, spoil: () => Promise<unknown>]> = {
    'a truncated volume': [[`volume/unreadable ${image}`], 4, () => truncate(join(root, image), 400)],
    'a truncated header': [[`volume/unreadable ${image}`], 2, () => truncate(join(root, image), 30)],
    'labels of another size': [
      ['annotation/size train/labels/p2.mha'],
      4,
      () =>
        writeMetaImage(join(root, 'train/labels/p2.mha'), [side, side, 3], voxels.slice(0, side * side * 3)),
    ],
    'labels of an unknown value': [
      // One for each slice, of another value.
      ['annotation/unknown-value train/labels/p2.mha', 'annotation/unknown-value train/labels/p2.mha'],
      4,
      async () => copyFile(join(root, image), join(root, 'train/labels/p2.mha')),
    ],
    'voxels in /etc/passwd': [['dataset/outside-root train/images/p3.mhd'], 4, leading('/etc/passwd')],
    'voxels outside': [['dataset/outside-root train/images/p3.mhd'], 4, leading('../../../outside.raw')],
    'voxels behind a link': [
      ['dataset/outside-root train/images/link.raw', 'dataset/outside-root train/images/p3.mhd'],
      4,
      async () => {
        await write(join(folder, 'outside.raw'), await readFile(join(root, image)));
        await symlink(join(folder, 'outside.raw'), join(root, 'train/images/link.raw'));
        await leading('link.raw')();
      },
    ],
  };

  test.each(Object.entries(spoilt))(
    '%s is one defect, and the rest is there',
    async (_name, [errors, images, spoil]) => {
      await spoil();
      const found = await checked(format);
      expect(found.images).toBe(images);
      expect(found.errors).toEqual(errors);
    },
  );
});
