import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDataset } from '../../src/data/handBone/check.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import type { SampleEntry } from '../../src/data/dataset.ts';
import { writePhantom } from '../../src/data/phantom/writePhantom.ts';
import { greyHistogram } from '../../src/pixels/histogram.ts';
import { greyHistogramPlain } from '../../src/pixels/plain/histogram.ts';

interface Document {
  annotations: { label: string; points: number[][] }[];
}

let root: string;
let entries: readonly SampleEntry[];

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'phalanx-check-')));
  await writePhantom(root, { people: 8, test: 0, size: 192, seed: 3 });
  ({
    entries: { train: entries },
  } = await readHandBone(root));
}, 60_000);

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

const listed = async (): Promise<string[]> => {
  const { defects } = await checkDataset(root);
  return defects.map(({ severity, code, file, what }) => `${severity} ${code} ${file}: ${what}`);
};

/** Changes one file, checks the dataset, and puts the file back. */
async function spoilt(
  path: string,
  content: (own: Buffer) => Promise<Uint8Array | string>,
): Promise<string[]> {
  const own = await readFile(path);
  await writeFile(path, await content(own));
  try {
    return await listed();
  } finally {
    await writeFile(path, own);
  }
}

const relabelled = (change: (document: Document) => void) => (own: Buffer) => {
  const document = JSON.parse(own.toString('utf8')) as Document;
  change(document);
  return Promise.resolve(JSON.stringify(document));
};

const exchange =
  (a: string, b: string) =>
  ({ annotations }: Document): void => {
    for (const one of annotations) one.label = one.label === a ? b : one.label === b ? a : one.label;
  };

test('a clean phantom has no defects', async () => {
  expect(await listed()).toEqual([]);
});

describe('each defect is found where it was planted, and nothing else', () => {
  test.each([
    ['finger-5', 'finger-9'],
    ['Radius', 'finger-3'],
  ])('%s and %s exchanged', async (a, b) => {
    const path = entries[5]!.annotationPath!;
    const file = path.slice(root.length + 1);
    expect(await spoilt(path, relabelled(exchange(a, b)))).toEqual([
      expect.stringMatching(new RegExp(`^warning labels/swapped ${file}: .*(${a} and ${b}|${b} and ${a}) `)),
    ]);
  });

  test('a copy of a picture, brighter and blurred, under another person', async () => {
    const [target, source] = [entries[9]!, entries[2]!];
    const copy = await sharp(source.imagePath).linear(1.05, 3).blur(0.6).png().toBuffer();
    const found = await spoilt(target.imagePath, () => Promise.resolve(copy));
    expect(found).toEqual([
      expect.stringContaining(`warning leakage/similar-images ${target.imagePath.slice(root.length + 1)}`),
    ]);
  });

  test('a crumb apart from its bone', async () => {
    const path = entries[4]!.annotationPath!;
    const found = await spoilt(
      path,
      relabelled(({ annotations }) => {
        const { label } = annotations.find((one) => one.label === 'Radius')!;
        const points = [
          [2, 2],
          [4, 2],
          [4, 4],
          [2, 4],
        ];
        annotations.push({ ...annotations[0]!, label, points });
      }),
    );
    const file = path.slice(root.length + 1);
    expect(found).toContainEqual(
      expect.stringContaining(`warning labels/fragment ${file}: The class Radius`),
    );
    expect(found.every((line) => line.includes(file))).toBe(true);
  });

  test('a hole in a bone', async () => {
    const path = entries[6]!.annotationPath!;
    const found = await spoilt(
      path,
      relabelled(({ annotations }) => {
        const radius = annotations.find((one) => one.label === 'Radius')!;
        const mean = (axis: number): number =>
          radius.points.reduce((sum, point) => sum + point[axis]!, 0) / radius.points.length;
        const [x, y] = [Math.round(mean(0)), Math.round(mean(1))];
        const [first] = radius.points as [number[]];
        // Out along a line, around a square, and back along the line: inside the square is outside.
        const square = [
          [x - 3, y - 3],
          [x + 3, y - 3],
          [x + 3, y + 3],
          [x - 3, y + 3],
          [x - 3, y - 3],
        ];
        radius.points = [...radius.points, first, ...square, first];
      }),
    );
    expect(found).toEqual([
      `warning labels/hole ${path.slice(root.length + 1)}: The class Radius has a hole`,
    ]);
  });

  test('a negative', async () => {
    const { imagePath } = entries[3]!;
    const found = await spoilt(imagePath, (own) => sharp(own).negate({ alpha: false }).png().toBuffer());
    const file = imagePath.slice(root.length + 1);
    expect(found).toContain(`warning image/inverted ${file}: The image seems to be a negative`);
    expect(found.every((line) => line.includes(file))).toBe(true);
  });

  test('hardly any contrast', async () => {
    const { imagePath } = entries[3]!;
    const found = await spoilt(imagePath, (own) => sharp(own).linear(0.02, 90).png().toBuffer());
    const file = imagePath.slice(root.length + 1);
    expect(found).toEqual([`warning image/low-range ${file}: The image has hardly any contrast`]);
  });

  test('a manifest of offline augmentation that cannot be understood', async () => {
    const path = join(root, 'augmentation.json');
    await writeFile(path, '{ "version": 1, "children": { "a.png": 3 } }');
    try {
      expect(await listed()).toEqual([
        'error offline/malformed-manifest augmentation.json: The manifest of the augmented dataset cannot be understood',
      ]);
    } finally {
      await rm(path);
    }
  });

  test('fingers counted from the wrong side', async () => {
    const path = entries[7]!.annotationPath!;
    const found = await spoilt(
      path,
      relabelled((document) => {
        for (const [a, b] of [
          [1, 17],
          [2, 18],
          [3, 19],
        ]) {
          exchange(`finger-${a!}`, `finger-${b!}`)(document);
        }
      }),
    );
    const file = path.slice(root.length + 1);
    expect(found).toContainEqual(expect.stringContaining(`warning labels/sides ${file}`));
    expect(found.every((line) => line.includes(file))).toBe(true);
  });
});

test.each([1, 3, 4] as const)(
  'grey values of %i channels are counted as the plain twin counts them',
  async (channels) => {
    const data = Uint8Array.from({ length: 31 * 7 * channels }, (_, i) => (i * 89 + (i >> 3)) & 255);
    const image = { width: 31, height: 7, channels, data };
    expect(await greyHistogram(image)).toEqual(greyHistogramPlain(image));
  },
);
