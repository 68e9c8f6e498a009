import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { readImageFile, readPngSize } from '../../src/data/imageFile.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';
import { annotationJson, noisePng, tinyPolygons, writeTiny } from './tinyDataset.ts';

describe('listing', () => {
  test('pairs images and annotations in sorted path order', async () => {
    const root = await writeTiny(await temporaryFolder(), { train: 2, test: 1, sexes: ['남', '_x0008_여'] });
    const dataset = await readHandBone(root);
    expect(dataset.entries.train.map(({ id, person }) => [id, person])).toEqual([
      ['image11_R.png', 'ID001'],
      ['image12.png', 'ID001'],
      ['image21_R.png', 'ID002'],
      ['image22.png', 'ID002'],
    ]);
    expect(dataset.entries.train[0]?.annotationPath).toBe(
      join(dataset.root, 'train/outputs_json/ID001/image11_R.json'),
    );
    expect(dataset.entries.test).toEqual([
      { id: 'image91.png', person: 'ID901', imagePath: join(dataset.root, 'test/DCM/ID901/image91.png') },
    ]);
    expect(dataset.persons.get('ID002')?.sex).toBe('female');
    expect(dataset.classes).toEqual(handBoneClasses);
  });

  test('sorts paths as Python does, whole path and code points', async () => {
    const root = await temporaryFolder();
    const names = ['ID1_b/a', 'ID1/b', 'ID1/B', 'ID1/\u{1F600}', 'ID1/\uFF5E', 'ID10/c'];
    for (const name of names) await write(join(root, 'test/DCM', `${name}.png`), await noisePng(name));
    const { entries } = await readHandBone(root);
    // Python: sorted(f'{name}.png' for name in names)
    const expected = ['ID1/B', 'ID1/b', 'ID1/\uFF5E', 'ID1/\u{1F600}', 'ID10/c', 'ID1_b/a'];
    expect(entries.test.map(({ person, id }) => `${person}/${id}`)).toEqual(
      expected.map((name) => `${name}.png`),
    );
  });

  test('does without metadata, without a split, and passes over hidden files', async () => {
    const root = await writeTiny(await temporaryFolder(), { test: 0 });
    await write(join(root, 'train/DCM/ID001/._image11_R.png'), 'resource fork');
    const dataset = await readHandBone(root);
    expect(dataset.persons.size).toBe(0);
    expect(dataset.entries.train).toHaveLength(4);
    expect(dataset.entries.test).toHaveLength(0);
  });

  test('refuses what leads out of the root and follows what stays inside', async () => {
    const outside = await temporaryFolder();
    await write(join(outside, 'secret.png'), await noisePng('secret'));
    const root = await writeTiny(join(await temporaryFolder(), 'set'));
    await symlink('image91.png', join(root, 'test/DCM/ID901/link.png'));
    expect((await readHandBone(root)).entries.test.map(({ id }) => id)).toEqual(['image91.png', 'link.png']);
    await symlink(join(outside, 'secret.png'), join(root, 'test/DCM/ID901/other.png'));
    await expect(readHandBone(root)).rejects.toMatchObject({ code: 'dataset/outside-root' });
    await rm(join(root, 'test/DCM/ID901/other.png'));
    await symlink(outside, join(root, 'test/DCM/ID902'));
    await expect(readHandBone(root)).rejects.toMatchObject({ code: 'dataset/outside-root' });
  });

  test('reads through a root that is itself a symbolic link', async () => {
    const root = await writeTiny(join(await temporaryFolder(), 'set'));
    await symlink(root, `${root}-link`);
    expect((await readHandBone(`${root}-link`)).entries.train).toHaveLength(4);
  });

  test.each([
    ['dataset/missing', async (root: string) => rm(root, { recursive: true })],
    ['dataset/empty', async (root: string) => rm(root, { recursive: true }).then(() => mkdir(root))],
    [
      'dataset/repeated-name',
      async (root: string) => write(join(root, 'test/DCM/ID7/image11_R.png'), await noisePng('again')),
    ],
    [
      'dataset/misplaced-file',
      async (root: string) => write(join(root, 'test/DCM/x.png'), await noisePng('x')),
    ],
    ['dataset/unreadable', async (root: string) => symlink('gone.png', join(root, 'test/DCM/ID901/y.png'))],
    [
      'annotation/without-image',
      async (root: string) => write(join(root, 'train/outputs_json/ID001/z.json'), '{}'),
    ],
  ])('throws %s', async (code, spoil) => {
    const root = await writeTiny(join(await temporaryFolder(), 'set'));
    await spoil(root);
    await expect(readHandBone(root)).rejects.toMatchObject({ name: 'PhalanxError', code });
  });
});

describe('images', () => {
  async function stored(bytes: Uint8Array): Promise<string> {
    const path = join(await temporaryFolder(), 'image.png');
    await write(path, bytes);
    return path;
  }
  async function raw(png: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await sharp(png).raw().toBuffer());
  }

  test.each([1, 3] as const)('keeps %i stored channels with their values', async (channels) => {
    const png = await noisePng('a', 19, 13, channels);
    const image = await readImageFile(await stored(png));
    expect(image).toMatchObject({ width: 19, height: 13, channels });
    const all = await raw(png);
    const expected = channels === 3 ? all : all.filter((_, i) => i % 3 === 0);
    expect(Buffer.compare(image.data, expected)).toBe(0);
    expect(await readPngSize(await stored(png))).toEqual({ width: 19, height: 13 });
    // No Buffer, whose slice() is a view.
    image.data.slice().fill(0);
    expect(Buffer.compare(image.data, expected)).toBe(0);
  });

  test('drops transparency', async () => {
    const png = await noisePng('b', 8, 8, 4);
    const image = await readImageFile(await stored(png));
    expect(image.channels).toBe(3);
    expect(
      Buffer.compare(
        image.data,
        (await raw(png)).filter((_, i) => i % 4 !== 3),
      ),
    ).toBe(0);
  });

  test('gives one channel of repeated grey values unchanged, and three of grey', async () => {
    const grey = await noisePng('c', 16, 16, 1);
    const repeated = await sharp(await raw(grey), { raw: { width: 16, height: 16, channels: 3 } })
      .png()
      .toBuffer();
    const one = await readImageFile(await stored(repeated), { channels: 1 });
    expect(Buffer.compare(one.data, (await readImageFile(await stored(grey))).data)).toBe(0);
    const three = await readImageFile(await stored(grey), { channels: 3 });
    expect(Buffer.compare(three.data, await raw(repeated))).toBe(0);
  });

  test('gives the luminance of colour as cv2.cvtColor does', async () => {
    const colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 200, 77, 123, 45, 67];
    const png = await sharp(Uint8Array.from(colours), { raw: { width: 5, height: 1, channels: 3 } })
      .png()
      .toBuffer();
    const { data } = await readImageFile(await stored(png), { channels: 1 });
    // cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), OpenCV 5.0
    expect([...data]).toEqual([76, 150, 29, 129, 71]);
  });

  test.each([1, 20, 100, 700])('names a PNG of which only %i/1000 are there', async (part) => {
    const png = await noisePng('d', 64, 64);
    const path = await stored(png.subarray(0, Math.max(9, Math.floor((png.length * part) / 1000))));
    await expect(readImageFile(path)).rejects.toMatchObject({
      code: 'image/truncated',
      message: expect.stringContaining(path) as string,
    });
  });

  test('names images that are missing, not images, damaged, folders or too deep', async () => {
    const png = await noisePng('e', 64, 64);
    const damaged = Buffer.from(png);
    damaged.fill(0xa5, damaged.length >> 1, (damaged.length >> 1) + 9);
    const deep = await sharp(png).toColourspace('rgb16').png().toBuffer();
    const folder = await temporaryFolder();
    await expect(readImageFile(join(folder, 'gone.png'))).rejects.toMatchObject({ code: 'image/missing' });
    await expect(readImageFile(folder)).rejects.toMatchObject({ code: 'image/unreadable' });
    await expect(readImageFile(await stored(Buffer.from('text')))).rejects.toMatchObject({
      code: 'image/unreadable',
    });
    await expect(readImageFile(await stored(Buffer.alloc(0)))).rejects.toMatchObject({
      code: 'image/unreadable',
    });
    await expect(readImageFile(await stored(damaged))).rejects.toMatchObject({ code: 'image/unreadable' });
    await expect(readImageFile(await stored(deep))).rejects.toMatchObject({ code: 'image/depth' });
  });

  test('refuses more pixels than allowed before decoding them', async () => {
    const png = await noisePng('f', 8, 8);
    png.writeUInt32BE(60_000, 16);
    png.writeUInt32BE(60_000, 20);
    await expect(readImageFile(await stored(png))).rejects.toMatchObject({ code: 'image/unreadable' });
    await expect(readPngSize(await stored(png))).rejects.toMatchObject({ code: 'image/unreadable' });
  });

  test('does not wait for a pipe that nobody writes to', async () => {
    const path = join(await temporaryFolder(), 'image.png');
    execFileSync('mkfifo', [path]);
    await expect(readImageFile(path)).rejects.toMatchObject({ code: 'image/unreadable' });
  });
});

describe('labels', () => {
  async function labelsOf(json: string): Promise<unknown> {
    const root = await writeTiny(await temporaryFolder(), { train: 1, test: 0 });
    await writeFile(join(root, 'train/outputs_json/ID001/image12.json'), json);
    const dataset = await readHandBone(root);
    return dataset.readLabels(dataset.entries.train[1]!);
  }

  test('fills every polygon at full resolution, boundary included', async () => {
    const labels = (await labelsOf(annotationJson(tinyPolygons()))) as { planes: Uint32Array[] };
    expect(labels).toMatchObject({ width: 32, height: 32, classes: 29 });
    const expected = new Uint32Array(32 * 32);
    for (let bone = 0; bone < 29; bone++) {
      for (const [x, y] of [
        [0, 0],
        [1, 0],
        [2, 0],
        [0, 1],
        [1, 1],
        [0, 2],
      ] as const) {
        expected[(bone + y) * 32 + bone + x]! |= 1 << bone;
      }
    }
    expect(labels.planes).toEqual([expected]);
  });

  test('unites polygons of one bone', async () => {
    const square = [
      [20, 2],
      [21, 2],
      [21, 3],
      [20, 3],
    ];
    const twice = [...tinyPolygons(), { type: 'poly_seg', points: square, label: 'finger-1' }];
    const labels = (await labelsOf(annotationJson(twice))) as { planes: [Uint32Array] };
    expect([labels.planes[0][0]! & 1, labels.planes[0][2 * 32 + 20]! & 1]).toEqual([1, 1]);
  });

  const first = (change: object): string =>
    annotationJson([{ ...tinyPolygons()[0]!, ...change }, ...tinyPolygons().slice(1)]);
  test.each([
    ['annotation/malformed', 'not JSON', '{"annotations": ['],
    ['annotation/malformed', 'annotations', '{}'],
    ['annotation/malformed', 'the document', '[]'],
    ['annotation/malformed', 'annotations[0].points', first({ points: undefined })],
    [
      'annotation/malformed',
      'annotations[0].points[1][1]',
      first({
        points: [
          [1, 2],
          [3, '4'],
          [5, 6],
        ],
      }),
    ],
    ['annotation/malformed', 'annotations[0].type', first({ type: 'box' })],
    ['annotation/unknown-label', 'perhaps finger-1', first({ label: 'Fingr-1' })],
    [
      'annotation/too-few-points',
      'at least 3 points',
      first({
        points: [
          [1, 1],
          [2, 2],
        ],
      }),
    ],
    [
      'annotation/outside-image',
      '(1, 33)',
      first({
        points: [
          [1, 1],
          [2, 2],
          [1, 33],
        ],
      }),
    ],
    ['annotation/size', '64 × 32 in metadata', annotationJson(tinyPolygons(), 64, 32)],
  ])('throws %s, saying %s', async (code, part, json) => {
    await expect(labelsOf(json)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(part) as string,
    });
  });

  test('limits points and file size', async () => {
    const many = Array.from({ length: 1_000_001 }, () => [1, 1]);
    await expect(labelsOf(first({ points: many }))).rejects.toThrow(/too many points/);
    const root = await writeTiny(await temporaryFolder(), { train: 1, test: 0 });
    await truncate(join(root, 'train/outputs_json/ID001/image12.json'), 33 * 2 ** 20);
    const dataset = await readHandBone(root);
    await expect(dataset.readLabels(dataset.entries.train[1]!)).rejects.toMatchObject({
      code: 'annotation/unreadable',
    });
  });

  test('names the image that has no annotation', async () => {
    const root = await writeTiny(await temporaryFolder());
    const dataset = await readHandBone(root);
    const [entry] = dataset.entries.test;
    await expect(dataset.readLabels(entry!)).rejects.toMatchObject({
      code: 'annotation/missing',
      message: expect.stringContaining('image91.png') as string,
    });
  });
});
