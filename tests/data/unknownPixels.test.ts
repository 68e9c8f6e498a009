import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { prepareCache } from '../../src/data/cache/cache.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { withFurther } from '../../src/data/further.ts';
import { openFormat } from '../../src/data/formats/open.ts';
import { formatSchema } from '../../src/data/formats/options.ts';
import { loadBatches } from '../../src/data/loader/loadBatches.ts';
import { scoreSubmission } from '../../src/inference/submission/score.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { resizeLabels } from '../../src/labels/resize.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';

const side = 8;

/** Values of an 8×8 label image: class a is 1 (left three columns), class b 2, and the last two rows nobody knows. */
const values = Uint8Array.from({ length: side * side }, (_, i) => (i >= 48 ? 255 : i % side < 3 ? 1 : 2));
const lastRows = Uint32Array.from({ length: side * side }, (_, i) => (i >= 48 ? 1 : 0));

async function png(data: Uint8Array): Promise<Buffer> {
  return await sharp(data, { raw: { width: side, height: side, channels: 1 } })
    .png()
    .toBuffer();
}

async function labelImages(unknown: readonly number[], ignore: readonly number[] = []): Promise<Dataset> {
  const root = await temporaryFolder();
  const grey = Uint8Array.from({ length: side * side }, (_, i) => i * 3);
  for (const split of ['train', 'test']) {
    await write(join(root, `${split}/images/${split}.png`), await png(grey));
    await write(join(root, `${split}/labels/${split}.png`), await png(values));
  }
  const classes = [
    { name: 'a', value: 1 },
    { name: 'b', value: 2 },
  ];
  return openFormat(root, formatSchema.parse({ name: 'label-images', classes, unknown, ignore }));
}

test('values of label images that nobody knows are unknown, others are refused or no class', async () => {
  const dataset = await labelImages([255]);
  expect(dataset.unknown).toBe(true);
  const { planes, unknown } = await dataset.readLabels(dataset.entries.train[0]!);
  expect(unknown).toEqual(lastRows);
  expect(planes[0]).toEqual(Uint32Array.from(values, (value) => (value === 255 ? 0 : value)));
  const ignoring = await labelImages([], [255]);
  expect(ignoring.unknown).toBe(false);
  expect((await ignoring.readLabels(ignoring.entries.train[0]!)).unknown).toBeUndefined();
  const strict = await labelImages([]);
  await expect(strict.readLabels(strict.entries.train[0]!)).rejects.toMatchObject({
    code: 'annotation/unknown-value',
  });
  expect(
    formatSchema.safeParse({
      name: 'label-images',
      classes: [{ name: 'a', colour: [1, 2, 3] }],
      unknown: [9],
    }),
  ).toMatchObject({ success: false });
});

test("regions of COCO's crowds are unknown where no single object is", async () => {
  const root = await temporaryFolder();
  await write(join(root, 'train/images/x.png'), await png(new Uint8Array(side * side)));
  const box = (x0: number, x1: number) => [[x0, 0, x1, 0, x1, 8, x0, 8]];
  const document = {
    images: [{ id: 1, file_name: 'x.png', width: side, height: side }],
    categories: [{ id: 1, name: 'a' }],
    annotations: [
      { image_id: 1, category_id: 1, iscrowd: 0, segmentation: box(0, 4) },
      { image_id: 1, category_id: 1, iscrowd: 1, segmentation: box(2, 6) },
    ],
  };
  await write(join(root, 'train/annotations.json'), JSON.stringify(document));
  const columns = async (crowds: boolean | 'unknown') => {
    const dataset = await openFormat(root, formatSchema.parse({ name: 'coco', crowds }));
    const { planes, unknown } = await dataset.readLabels(dataset.entries.train[0]!);
    return [[...planes[0]!.subarray(0, side)], unknown && [...unknown.subarray(8, 8 + side)]];
  };
  expect(await columns(true)).toEqual([[1, 1, 1, 1, 1, 1, 0, 0], undefined]);
  expect(await columns(false)).toEqual([[1, 1, 1, 1, 0, 0, 0, 0], undefined]);
  expect(await columns('unknown')).toEqual([
    [1, 1, 1, 1, 0, 0, 0, 0],
    [0, 0, 0, 0, 1, 1, 0, 0],
  ]);
});

test('the cache keeps them, apart from samples without, and batches have them behind the classes', async () => {
  const dataset = await labelImages([255]);
  const directory = join(await temporaryFolder(), 'cache');
  const entry = dataset.entries.train[0]!;
  const settings = {
    directory,
    imageSize: { width: 5, height: 4 },
    channels: 1 as const,
    interpolation: 'area' as const,
  };
  const expected = await resizeLabels(await dataset.readLabels(entry), settings.imageSize);
  for (const built of [1, 0]) {
    const cache = await prepareCache(dataset, [entry], settings);
    expect(cache.built).toBe(built);
    expect((await cache.read(entry)).labels).toEqual(expected);
  }
  const ignoring = await labelImages([], [255]);
  const other = await prepareCache(ignoring, ignoring.entries.train, settings);
  const cache = await prepareCache(dataset, [entry], settings);
  expect(other.folder).not.toBe(cache.folder);
  for await (const batch of loadBatches({ cache, entries: [entry], batchSize: 1, seed: 1, epoch: 0 })) {
    expect(batch.labelShape).toEqual([1, 4, 5, 1]);
    const words = expected.planes[0]!.map((bits, i) => bits | (expected.unknown![i]! << 2));
    expect([...batch.labels]).toEqual([...words]);
    expect(words).toContain(4);
  }
});

test('a batch has another plane where the classes fill theirs', async () => {
  const bits = Uint32Array.of(0xffffffff, 1, 2, 3);
  const labels: LabelMap = {
    width: 2,
    height: 2,
    classes: 32,
    planes: [bits],
    unknown: Uint32Array.of(0, 1, 0, 1),
  };
  const image = { width: 2, height: 2, channels: 1 as const, data: new Uint8Array(4) };
  const entry = { id: 'x', person: 'x', imagePath: 'x' };
  const cache = { read: () => Promise.resolve({ image: { ...image, data: image.data.slice() }, labels }) };
  for await (const batch of loadBatches({ cache, entries: [entry], batchSize: 1, seed: 1, epoch: 0 })) {
    expect(batch.labelShape).toEqual([1, 2, 2, 2]);
    expect([...batch.labels]).toEqual([-1, 0, 1, 1, 2, 0, 3, 1]);
  }
});

test('further datasets without them train beside one with them', async () => {
  const [dataset, further] = [await labelImages([]), await labelImages([255])];
  expect(withFurther(dataset, further, 'more').unknown).toBe(true);
  expect(withFurther(dataset, dataset, 'more').unknown).toBe(false);
});

test('a submission is scored where the truth is known', async () => {
  const dataset = await labelImages([255]);
  // Row-major, 1-based: the left three columns of all rows, of which the last two are unknown; class b is one pixel short.
  const rows = (count: number, from: number, length: number) =>
    Array.from({ length: count }, (_, row) => `${row * side + from} ${length}`).join(' ');
  const csv = (b: string) => `image_name,class,rle\ntest.png,a,${rows(8, 1, 3)}\ntest.png,b,${b}\n`;
  const path = join(await temporaryFolder(), 'submission.csv');
  await write(path, csv(rows(6, 4, 5)));
  const perfect = await scoreSubmission(path, dataset);
  expect(perfect.perClass).toEqual({ a: 36 / (36 + 1e-4), b: 60 / (60 + 1e-4) });
  await write(path, csv(`${rows(5, 4, 5)} 44 4 49 16`));
  const { perClass } = await scoreSubmission(path, dataset);
  expect(perClass['b']).toBeCloseTo(58 / (59 + 1e-4), 9);
});
