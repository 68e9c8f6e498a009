import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { phalanxHere, sentence, tiny, writeDeclaration } from './phalanx.ts';

interface Annotation {
  metadata: { width: number; height: number };
  annotations: { points: number[][]; label: string }[];
}

let cwd: string;
/** Names of training images below `train/DCM`, without the extension. */
let images: string[];

const phalanx = (...args: string[]) => phalanxHere(args, cwd);
const image = (index = 0): string => join(cwd, 'data/train/DCM', `${images[index]!}.png`);
const annotation = (index = 0): string => join(cwd, 'data/train/outputs_json', `${images[index]!}.json`);

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'phalanx-bad-data-'));
  const options = ['--people', '3', '--test', '1', '--size', '128', '--json'];
  expect((await phalanx('data', 'phantom', 'whole', ...options)).code).toBe(0);
  await writeDeclaration(cwd, 'tiny', tiny);
  const files = await readdir(join(cwd, 'whole/train/DCM'), { recursive: true });
  images = files
    .filter((file) => file.endsWith('.png'))
    .map((file) => file.slice(0, -4))
    .sort();
});
beforeEach(async () => {
  for (const folder of ['data', 'cache', 'runs'])
    await rm(join(cwd, folder), { recursive: true, force: true });
  await cp(join(cwd, 'whole'), join(cwd, 'data'), { recursive: true });
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
});

async function edit(change: (annotation: Annotation) => void, index = 0): Promise<void> {
  const read = JSON.parse(await readFile(annotation(index), 'utf8')) as Annotation;
  change(read);
  await writeFile(annotation(index), JSON.stringify(read));
}

/** Every file below the dataset with its content. */
async function snapshot(): Promise<Record<string, string>> {
  const entries = await readdir(join(cwd, 'data'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hashed = files.sort().map(
    async (file) =>
      [
        file,
        createHash('sha256')
          .update(await readFile(file))
          .digest('hex'),
      ] as const,
  );
  return Object.fromEntries(await Promise.all(hashed));
}

type Case = readonly [name: string, spoil: () => Promise<unknown>, file: () => string, message: RegExp];

const cases: readonly Case[] = [
  [
    'an image that is none',
    () => writeFile(image(), 'not a picture'),
    image,
    /cannot be decoded.*expected an intact PNG/,
  ],
  ['an empty image', () => writeFile(image(), ''), image, /cannot be decoded.*expected an intact PNG/],
  [
    'a truncated image',
    async () => writeFile(image(), (await readFile(image())).subarray(0, 700)),
    image,
    /truncated.*expected a complete PNG/,
  ],
  [
    'an annotation without its image',
    () => rm(image()),
    annotation,
    /annotation has no image.*expected an image/,
  ],
  [
    'an image without its annotation',
    () => rm(annotation()),
    image,
    /has no annotation.*expected a .json file/,
  ],
  [
    'JSON that is not JSON',
    () => writeFile(annotation(), '{"annotations": ['),
    annotation,
    /not JSON.*expected a JSON/,
  ],
  ['JSON that lacks keys', () => writeFile(annotation(), '{}'), annotation, /expected annotations/],
  [
    'JSON of another kind',
    () => writeFile(annotation(), '[1, 2]'),
    annotation,
    /does not have the expected form/,
  ],
  [
    'an unknown label',
    () => edit(({ annotations }) => (annotations[0]!.label = 'fingr-1')),
    annotation,
    /fingr-1.*not one of the classes.*expected perhaps finger-1/,
  ],
  [
    'a polygon of two points',
    () => edit(({ annotations }) => annotations[0]!.points.splice(2)),
    annotation,
    /encloses nothing.*expected at least 3 points, received 2/,
  ],
  [
    'a polygon outside the image',
    () => edit(({ annotations }) => (annotations[0]!.points[0] = [128_000, 5])),
    annotation,
    /leaves the image.*expected x from 0 to 128/,
  ],
  [
    'a size that disagrees with the image',
    () => edit(({ metadata }) => (metadata.width = 64)),
    annotation,
    /disagrees with the image.*expected 128 × 128.*received 64 × 128/,
  ],
];

describe.each(cases)('%s', (_, spoil, file, message) => {
  test('stops training with one sentence that names the file, and changes no file', async () => {
    await spoil();
    const before = await snapshot();
    const text = sentence(await phalanx('train', 'tiny', '--json'));
    expect(text).toContain(file());
    expect(text).toMatch(message);
    expect(await snapshot()).toEqual(before);
  });
});

test('data check lists all defects at once', async () => {
  await writeFile(image(0), 'not a picture');
  await writeFile(annotation(1), '{');
  await edit(({ annotations }) => {
    annotations[0]!.label = 'fingr-1';
    annotations[1]!.points.splice(2);
  }, 2);
  await rm(image(3));
  await rm(annotation(4));
  await edit(({ metadata }) => (metadata.width = 64), 5);
  const before = await snapshot();
  const { code, out, err } = await phalanx('data', 'check', 'data', '--json');
  expect(code).toBe(1);
  expect(err).toMatch(/^error: The dataset has defects .* \(data\)\./);
  const { defects } = JSON.parse(out) as { defects: { severity: string; file: string; code: string }[] };
  const files = defects.filter(({ severity }) => severity === 'error').map(({ file: name }) => name);
  const expected = [
    image(0),
    annotation(1),
    annotation(2),
    annotation(2),
    annotation(3),
    image(4),
    annotation(5),
  ];
  // An image without annotation is named by either of the two places, the one that is or the one that should be.
  const normalized = (paths: readonly string[]): string[] =>
    paths.map((path) => path.replace(/^.*train\/(DCM|outputs_json)\//, '').replace(/\.\w+$/, '')).sort();
  expect(normalized(files)).toEqual(normalized(expected));
  expect(await snapshot()).toEqual(before);

  const plain = await phalanx('data', 'check', 'data');
  expect(plain.code).toBe(1);
  expect(plain.out.match(/^error {2}/gm)).toHaveLength(expected.length);
});

test('a dataset without images', async () => {
  await rm(join(cwd, 'data/train'), { recursive: true });
  await rm(join(cwd, 'data/test'), { recursive: true });
  const text = sentence(await phalanx('train', 'tiny', '--json'));
  expect(text).toContain(join(cwd, 'data'));
  expect(text).toMatch(/no images.*expected images in train\/DCM/);
});

test('a dataset without training images', async () => {
  for (const side of ['DCM', 'outputs_json']) await rm(join(cwd, 'data/train', side), { recursive: true });
  expect(sentence(await phalanx('train', 'tiny', '--json'))).toMatch(/annotated training images, 0/);
});

test.each([
  [
    ['--set', 'data.folds.count=9'],
    /leave one side without persons.*annotated training images, 3, received 9/,
  ],
  [['--fold', '3'], /no such fold: expected a fold from 0 to 2, received 3/],
  [['--set', 'data.exclude=["ID001","ID002"]'], /leave one side without persons/],
  [['--set', 'data.exclude=["ID999"]'], /whom the dataset does not have.*ID999/],
  [['--set', 'data.root=elsewhere'], /cannot be read \(elsewhere\): expected a folder/],
  [['--set', 'data.offline=["nowhere"]'], /cannot be read \(nowhere\)/],
  [
    ['--set', 'data.normalization={"mean":[0.5],"std":[0.5]}'],
    /data.normalization.mean: must have as many numbers as there are channels, 3/,
  ],
])('settings that do not fit the data: %j', async (settings, message) => {
  expect(sentence(await phalanx('train', 'tiny', '--json', ...settings))).toMatch(message);
});

test('a phantom is never written over another dataset', async () => {
  const before = await snapshot();
  const args = ['data', 'phantom', 'data', '--people', '2', '--test', '0', '--size', '64'];
  expect(sentence(await phalanx(...args))).toMatch(/written over other files \(data\)/);
  expect(await snapshot()).toEqual(before);
});
