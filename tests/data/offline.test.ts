import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Dataset } from '../../src/data/dataset.ts';
import { foldSplit, makeFolds } from '../../src/data/folds.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { offlineManifestName, withOffline } from '../../src/data/offline.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';
import { annotationJson, noisePng, tinyPolygons, writeTiny } from './tinyDataset.ts';

const parents: Record<string, string[]> = {
  'mosaic1.png': ['image11_R.png', 'image21_R.png'],
  'mosaic2.png': ['image21_R.png', 'image32.png'],
  'rotated1.png': ['image12.png'],
};

async function datasets(
  change: (manifest: Record<string, unknown>, root: string) => unknown = () => undefined,
) {
  const folder = await temporaryFolder();
  const dataset = await readHandBone(await writeTiny(join(folder, 'originals'), { train: 3 }));
  const root = join(folder, 'augmented');
  const children: Record<string, unknown> = {};
  for (const [name, from] of Object.entries(parents)) {
    const stem = name.slice(0, -4);
    await write(join(root, 'train/DCM/AUG', name), await noisePng(name, 24, 20));
    const annotation = annotationJson(tinyPolygons().slice(0, 15), 24, 20);
    await write(join(root, 'train/outputs_json/AUG', `${stem}.json`), annotation);
    children[name] = { parents: from, kind: stem.slice(0, -1), parameters: { angle: 3 } };
  }
  await change(children, root);
  const manifest = JSON.stringify({ version: 1, children });
  await write(join(root, offlineManifestName), manifest);
  return { dataset, offline: await readHandBone(root) };
}

test('a child is trained on only where all its parents are, whatever the fold', async () => {
  const { dataset, offline } = await datasets();
  const extended = await withOffline(dataset, offline);
  expect(extended.entries.train).toHaveLength(dataset.entries.train.length + 3);
  const options = { count: 3, seed: 4, stratify: 'none' } as const;
  const folds = makeFolds(extended, options);
  const plain = makeFolds(dataset, options);
  expect(folds.foldOf).toEqual(plain.foldOf);
  const seen = new Set<string>();
  for (const index of [0, 1, 2]) {
    const { train, validation } = foldSplit(folds, index);
    expect(validation).toEqual(foldSplit(plain, index).validation);
    const validated = new Set(validation.map(({ id }) => id));
    const children = train.filter((entry) => entry.parents !== undefined).map(({ id }) => id);
    const expected = Object.keys(parents).filter((name) => !parents[name]!.some((id) => validated.has(id)));
    expect(children).toEqual(expected);
    for (const child of children) seen.add(child);
  }
  expect([...seen].sort()).toEqual(Object.keys(parents));
});

test('children and originals are read through one dataset', async () => {
  const { dataset, offline } = await datasets();
  const { entries, ...extended }: Dataset = await withOffline(dataset, offline);
  const child = entries.train.find(({ id }) => id === 'mosaic1.png')!;
  expect(await extended.readImage(child)).toMatchObject({ width: 24, height: 20 });
  expect(await extended.readLabels(child)).toMatchObject({ width: 24, height: 20 });
  expect(await extended.readImage(entries.train[0]!)).toMatchObject({ width: 32, height: 32 });
});

test.each([
  [
    'offline/unlisted-image',
    'rotated1.png',
    (children: Record<string, unknown>) => delete children['rotated1.png'],
  ],
  [
    'offline/unknown-parent',
    'perhaps image12.png',
    (children: Record<string, unknown>) =>
      (children['rotated1.png'] = { parents: ['image12.pmg'], kind: 'rotation', parameters: {} }),
  ],
  [
    'offline/unknown-parent',
    'image91.png',
    (children: Record<string, unknown>) =>
      (children['rotated1.png'] = { parents: ['image91.png'], kind: 'rotation', parameters: {} }),
  ],
  [
    'offline/malformed-manifest',
    'parents',
    (children: Record<string, unknown>) =>
      (children['rotated1.png'] = { parents: [], kind: 'rotation', parameters: {} }),
  ],
  [
    'offline/repeated-name',
    'image12.png',
    async (_: unknown, root: string) => write(join(root, 'train/DCM/AUG/image12.png'), await noisePng('x')),
  ],
])('throws %s', async (code, part, change) => {
  const { dataset, offline } = await datasets(change);
  await expect(withOffline(dataset, offline)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(part) as string,
  });
});

test('names a manifest that is missing', async () => {
  const { dataset, offline } = await datasets();
  await rm(join(offline.root, offlineManifestName));
  await expect(withOffline(dataset, offline)).rejects.toMatchObject({ code: 'offline/missing-manifest' });
});

test('refuses a dataset of other classes', async () => {
  const { dataset, offline } = await datasets();
  await expect(withOffline(dataset, { ...offline, classes: ['hand'] })).rejects.toMatchObject({
    code: 'offline/classes',
  });
});
