import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import readSheet from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import { readPhantomManifest } from '../../src/data/phantom/manifest.ts';
import { writePhantom } from '../../src/data/phantom/writePhantom.ts';

interface AnnotationFile {
  annotations: { label: string; type: string; points: [number, number][] }[];
  filename: string;
  metadata: { width: number; height: number };
}

const options = { people: 3, test: 2, size: 160, seed: 11 } as const;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phalanx-phantom-'));
  await writePhantom(join(folder, 'data'), options);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function digest(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hashes = await Promise.all(
    files.map(async (file) =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    ),
  );
  return Object.fromEntries(files.map((file, index) => [file.slice(directory.length), hashes[index]!]));
}

describe('the written dataset', () => {
  test('has the layout of the competition', async () => {
    const manifest = (await readPhantomManifest(join(folder, 'data')))!;
    expect(manifest.complete).toBe(true);
    expect(manifest.images.filter(({ split }) => split === 'train')).toHaveLength(6);
    expect(manifest.images.filter(({ split }) => split === 'test')).toHaveLength(4);
    for (const { image, annotation, split, person } of manifest.images) {
      const name = /^image\d{13}(_[LR])?$/.exec(image.split('/').at(-1)!.replace('.png', ''))![0];
      expect(image).toBe(`${split}/DCM/${person}/${name}.png`);
      expect(annotation).toBe(`${split}/outputs_json/${person}/${name}.json`);
      const { width, height, channels } = await sharp(join(folder, 'data', image)).metadata();
      expect([width, height, channels]).toEqual([160, 160, 3]);
    }
    expect(Object.keys(await digest(join(folder, 'data')))).toHaveLength(2 * 10 + 2);
  });

  test('repeats one grey value in three channels', async () => {
    const { images } = (await readPhantomManifest(join(folder, 'data')))!;
    const { data } = await sharp(join(folder, 'data', images[0]!.image))
      .raw()
      .toBuffer({ resolveWithObject: true });
    for (let i = 0; i < data.length; i += 3) {
      if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) expect.fail(`pixel ${i / 3} is not grey`);
    }
  });

  test('annotates each bone once, on whole pixels inside the image', async () => {
    const { images } = (await readPhantomManifest(join(folder, 'data')))!;
    for (const { image, annotation } of images) {
      const text = await readFile(join(folder, 'data', annotation), 'utf8');
      const file = JSON.parse(text) as AnnotationFile;
      expect(file.filename).toBe(image.split('/').at(-1));
      expect(file.metadata).toEqual({ width: 160, height: 160 });
      expect(file.annotations.map(({ label }) => label)).toEqual(handBoneClasses);
      for (const { points, label, type } of file.annotations) {
        expect(type).toBe('poly_seg');
        expect(points.length, label).toBeGreaterThanOrEqual(6);
        for (const [x, y] of points) {
          expect(Number.isInteger(x) && Number.isInteger(y), label).toBe(true);
          expect(Math.min(x, y), label).toBeGreaterThanOrEqual(0);
          expect(Math.max(x, y), label).toBeLessThan(160);
        }
      }
    }
  });

  test('has a metadata table that a spreadsheet reader opens', async () => {
    const sheets = await readSheet(join(folder, 'data', 'meta_data.xlsx'));
    const [header, ...people] = sheets[0]!.data;
    expect(header).toEqual(['ID', '나이', '성별', '체중(몸무게)', '키(신장)', 'Unnamed: 5']);
    expect(people.map(([id]) => id)).toEqual([1, 2, 3, 4, 5]);
    for (const [, age, sex, weight, height] of people) {
      expect(age).toBeGreaterThanOrEqual(19);
      expect(sex).toMatch(/[남여]$/);
      expect(weight).toBeGreaterThan(30);
      expect(height).toBeGreaterThan(140);
    }
  });

  test('is the same for the same seed, and another for another seed', async () => {
    await writePhantom(join(folder, 'again'), options);
    await writePhantom(join(folder, 'other'), { ...options, seed: 12 });
    const first = await digest(join(folder, 'data'));
    expect(await digest(join(folder, 'again'))).toEqual(first);
    expect(Object.values(await digest(join(folder, 'other')))).not.toEqual(Object.values(first));
  });
});

describe('generation that cannot go on', () => {
  test('leaves an incomplete manifest when aborted, and continues to the same dataset', async () => {
    const directory = join(folder, 'interrupted');
    const controller = new AbortController();
    const run = writePhantom(directory, {
      ...options,
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done === 2) controller.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect((await readPhantomManifest(directory))!.complete).toBe(false);
    expect(Object.keys(await digest(directory)).length).toBeLessThan(2 * 10 + 2);
    await expect(writePhantom(directory, { ...options, seed: 3 })).rejects.toThrow(/other options/);
    await writePhantom(directory, options);
    expect(await digest(directory)).toEqual(await digest(join(folder, 'data')));
  });

  test('refuses a directory that holds anything else', async () => {
    await expect(writePhantom(join(folder, 'data'), options)).rejects.toMatchObject({
      code: 'phantom/exists',
      message: expect.stringContaining('a complete phantom dataset') as string,
    });
    await expect(writePhantom(folder, options)).rejects.toMatchObject({ code: 'phantom/exists' });
    const file = join(folder, 'file');
    await writeFile(file, 'kept');
    await expect(writePhantom(file, options)).rejects.toMatchObject({ code: 'phantom/exists' });
    expect(await readFile(file, 'utf8')).toBe('kept');
  });

  test.each([
    [{ people: -1, test: 1 }, 'people'],
    [{ people: 0, test: 0 }, 'people'],
    [{ people: 1, test: 0.5 }, 'test'],
    [{ people: 1, test: 0, size: 8 }, 'size'],
    [{ people: 1, test: 0, outliers: 1.2 }, 'outliers'],
    [{ people: 1, test: 0, outliers: { train: { ring: 2 }, test: {} } }, 'outliers.train.ring'],
  ])('names the option that is out of range: %j', async (wrong, name) => {
    await expect(writePhantom(join(folder, 'never'), wrong)).rejects.toMatchObject({
      code: 'phantom/options',
      parts: { where: name },
    });
  });
});
