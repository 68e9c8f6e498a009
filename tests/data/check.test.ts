import { appendFile, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { checkDataset } from '../../src/data/handBone/check.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';
import { annotationJson, noisePng, tinyPolygons, writeTiny } from './tinyDataset.ts';

const sexes = ['남', '여'];
const image = 'train/DCM/ID001/image12.png';
const annotation = 'train/outputs_json/ID001/image12.json';

/** A faultless dataset in which each image has labels of its own. */
async function tiny(train = 2): Promise<string> {
  const root = await writeTiny(join(await temporaryFolder(), 'set'), { train, test: 1, sexes });
  for (let person = 1; person <= train; person++) {
    for (const [index, name] of [`image${person}1_R`, `image${person}2`].entries()) {
      const path = join(root, `train/outputs_json/ID00${person}/${name}.json`);
      await writeFile(path, ownAnnotation(1 + 2 * person + index));
    }
  }
  return root;
}

/** The annotation of tiny polygons, the first of which is a triangle whose legs are `length` pixels. */
function ownAnnotation(length: number): string {
  const [changed, ...others] = tinyPolygons();
  const points = [
    [0, 0],
    [length, 0],
    [0, length],
  ];
  return annotationJson([{ ...changed!, points }, ...others]);
}

async function found(root: string): Promise<string[]> {
  const { defects } = await checkDataset(root);
  return defects.map(({ severity, code, file }) => `${severity} ${code} ${file}`);
}

const polygons = tinyPolygons();
const first = (change: object): string =>
  annotationJson([{ ...polygons[0]!, ...change }, ...polygons.slice(1)]);

/** Each makes one defect in a faultless dataset. */
const defects: Record<string, { expected: string; spoil: (root: string) => Promise<unknown> }> = {
  'truncated image': {
    expected: `error image/truncated ${image}`,
    spoil: async (root) => writeFile(join(root, image), (await readFile(join(root, image))).subarray(0, 900)),
  },
  'unreadable image': {
    expected: `error image/unreadable ${image}`,
    spoil: (root) => writeFile(join(root, image), 'this is text'),
  },
  'missing image behind a link': {
    expected: 'error dataset/unreadable test/DCM/ID901/image99.png',
    spoil: (root) => symlink('gone.png', join(root, 'test/DCM/ID901/image99.png')),
  },
  'annotation without image': {
    expected: `error annotation/without-image train/outputs_json/ID001/image13.json`,
    spoil: (root) => copyFile(join(root, annotation), join(root, 'train/outputs_json/ID001/image13.json')),
  },
  'image without annotation': {
    expected: `error image/without-annotation ${image}`,
    spoil: (root) => rm(join(root, annotation)),
  },
  'not JSON': {
    expected: `error annotation/malformed ${annotation}`,
    spoil: (root) => appendFile(join(root, annotation), '}'),
  },
  'lacking key': {
    expected: `error annotation/malformed ${annotation}`,
    spoil: (root) => writeFile(join(root, annotation), first({ label: undefined })),
  },
  'unknown label': {
    expected: `error annotation/unknown-label ${annotation}`,
    spoil: (root) => writeFile(join(root, annotation), first({ label: 'finger1' })),
  },
  'repeated label': {
    expected: `warning annotation/repeated-label ${annotation}`,
    spoil: (root) => writeFile(join(root, annotation), annotationJson([...polygons, polygons[3]!])),
  },
  'missing bone': {
    expected: `warning annotation/missing-label ${annotation}`,
    spoil: (root) => writeFile(join(root, annotation), annotationJson(polygons.slice(1))),
  },
  'two points': {
    expected: `error annotation/too-few-points ${annotation}`,
    spoil: (root) =>
      writeFile(
        join(root, annotation),
        first({
          points: [
            [1, 1],
            [4, 4],
          ],
        }),
      ),
  },
  'outside the image': {
    expected: `error annotation/outside-image ${annotation}`,
    spoil: (root) =>
      writeFile(
        join(root, annotation),
        first({
          points: [
            [1, 1],
            [4, 4],
            [-3, 4],
          ],
        }),
      ),
  },
  'sizes that disagree': {
    expected: `error annotation/size ${annotation}`,
    spoil: (root) => writeFile(join(root, annotation), annotationJson(polygons, 48, 32)),
  },
  'repeated name': {
    expected: 'error dataset/repeated-name train/DCM/ID002/image12.png',
    spoil: async (root) => {
      await writeFile(join(root, 'train/DCM/ID002/image12.png'), await noisePng('other'));
      await writeFile(join(root, 'train/outputs_json/ID002/image12.json'), ownAnnotation(20));
    },
  },
  'one image under two persons': {
    expected: 'error leakage/identical-images train/DCM/ID002/image22.png',
    spoil: (root) => copyFile(join(root, image), join(root, 'train/DCM/ID002/image22.png')),
  },
  'one image in train and test, encoded anew': {
    expected: 'error leakage/identical-images test/DCM/ID901/image91.png',
    spoil: async (root) => writeFile(join(root, 'test/DCM/ID901/image91.png'), await noisePng('image12')),
  },
  'one image twice': {
    expected: 'warning image/repeated-content train/DCM/ID001/image12.png',
    spoil: (root) => copyFile(join(root, 'train/DCM/ID001/image11_R.png'), join(root, image)),
  },
  'person on both sides': {
    expected: 'error leakage/person .',
    spoil: async (root) => write(join(root, 'test/DCM/ID001/image98.png'), await noisePng('image98')),
  },
  'labels of another image': {
    expected: 'error labels/repeated-content train/outputs_json/ID002/image22.json',
    spoil: (root) => copyFile(join(root, annotation), join(root, 'train/outputs_json/ID002/image22.json')),
  },
  'nothing on an image': {
    expected: `error image/blank ${image}`,
    spoil: (root) =>
      sharp({ create: { width: 32, height: 32, channels: 3, background: 'black' } })
        .png()
        .toFile(join(root, image)),
  },
  'height in metres': {
    expected: 'warning metadata/impossible-value meta_data.csv',
    spoil: (root) => appendFile(join(root, 'meta_data.csv'), '\nID777,30,남,60,1.7,'),
  },
  'person without metadata': {
    expected: 'warning metadata/missing-person meta_data.csv',
    spoil: async (root) => write(join(root, 'test/DCM/ID902/image98.png'), await noisePng('image98')),
  },
  'metadata that is no table': {
    expected: 'error metadata/unreadable meta_data.csv',
    spoil: (root) => writeFile(join(root, 'meta_data.csv'), 'a,b'),
  },
  'odd metadata': {
    expected: 'warning metadata/unreadable-cell meta_data.csv',
    spoil: (root) => appendFile(join(root, 'meta_data.csv'), '\nID777,abc,남,60,170,'),
  },
  'image beside the persons': {
    expected: 'error dataset/misplaced-file test/DCM/image98.png',
    spoil: async (root) => write(join(root, 'test/DCM/image98.png'), await noisePng('image98')),
  },
  'link out of the dataset': {
    expected: 'error dataset/outside-root test/DCM/ID903',
    spoil: async (root) => {
      await mkdir(`${root}-outside`);
      await symlink(`${root}-outside`, join(root, 'test/DCM/ID903'));
    },
  },
  'empty dataset': {
    expected: 'error dataset/empty .',
    spoil: async (root) => {
      await rm(join(root, 'train'), { recursive: true });
      await rm(join(root, 'test'), { recursive: true });
    },
  },
};

test('a faultless dataset has no defects', async () => {
  const { defects: none, ...counts } = await checkDataset(await tiny());
  expect(none).toEqual([]);
  expect(counts).toMatchObject({ images: { train: 4, test: 1 }, persons: 3 });
});

describe('each defect, and only it, is reported', () => {
  test.each(Object.entries(defects))('%s', async (_, { expected, spoil }) => {
    const root = await tiny();
    await spoil(root);
    expect(await found(root)).toEqual([expected]);
  });
});

test('lists all defects at once', async () => {
  const root = await tiny(5);
  const spoilers = ['truncated image', 'odd metadata', 'image beside the persons', 'link out of the dataset'];
  for (const name of spoilers) await defects[name]!.spoil(root);
  await writeFile(join(root, annotation), first({ points: [], label: 'Ulnar' }));
  const missing = ['ID003', 'ID004', 'ID005'].map(() => 'warning metadata/missing-person meta_data.csv');
  const expected = [
    ...spoilers.map((name) => defects[name]!.expected),
    ...missing,
    `error annotation/too-few-points ${annotation}`,
    `error annotation/unknown-label ${annotation}`,
    `warning annotation/missing-label ${annotation}`,
  ];
  expect((await found(root)).sort()).toEqual(expected.sort());
});

test('says what was expected', async () => {
  const root = await tiny();
  await writeFile(join(root, annotation), first({ label: 'finger1' }));
  const { defects: listed } = await checkDataset(root);
  expect(listed[0]).toEqual({
    severity: 'error',
    code: 'annotation/unknown-label',
    file: annotation,
    what: 'The label of annotations[0] (finger1) is not one of the classes',
    expected: 'perhaps finger-1',
    received: 'finger1',
  });
});

test('reports progress, and stops when aborted', async () => {
  const root = await tiny();
  const progress: [number, number][] = [];
  await checkDataset(root, { onProgress: ({ done, total }) => progress.push([done, total]) });
  expect(progress).toEqual([1, 2, 3, 4, 5].map((done) => [done, 5]));
  const controller = new AbortController();
  const stopped = checkDataset(root, {
    concurrency: 1,
    signal: controller.signal,
    onProgress: ({ done }) => {
      if (done === 2) controller.abort(new Error('enough'));
      expect(done).toBeLessThan(3);
    },
  });
  await expect(stopped).rejects.toThrow('enough');
});

test('names a folder that is not there', async () => {
  await expect(checkDataset('/nowhere/at/all')).rejects.toMatchObject({ code: 'dataset/missing' });
});
