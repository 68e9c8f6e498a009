import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMosaic } from '../../src/augment/offline/mosaic.ts';
import type { OfflineEvent, OfflineOptions } from '../../src/augment/offline/options.ts';
import { writeOffline } from '../../src/augment/offline/writeOffline.ts';
import { Random } from '../../src/core/random.ts';
import type { Dataset, Sample } from '../../src/data/dataset.ts';
import { foldSplit, makeFolds } from '../../src/data/folds.ts';
import type { Folds } from '../../src/data/folds.ts';
import { checkDataset } from '../../src/data/handBone/check.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { readOfflineManifest, withOffline } from '../../src/data/offline.ts';
import { writePhantom } from '../../src/data/phantom/writePhantom.ts';
import { buildTransform } from '../../src/augment/build.ts';
import { folderContents } from '../folderContents.ts';
import { horizontalFlip } from '../../src/augment/transforms/horizontalFlip.ts';

let folder: string;
let dataset: Dataset;
let folds: Folds;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phalanx-offline-'));
  await writePhantom(join(folder, 'phantom'), { people: 6, test: 1, size: 192, seed: 5, outliers: 0 });
  dataset = await readHandBone(join(folder, 'phantom'));
  folds = makeFolds(dataset, { count: 3, seed: 1, stratify: 'none' });
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

function options(name: string, more: Partial<OfflineOptions> = {}): OfflineOptions {
  return {
    dataset,
    entries: dataset.entries.train,
    groupOf: ({ person }) => folds.foldOf.get(person)!,
    output: join(folder, name),
    settings: { mosaic: { count: 6 }, rotation: { count: 4 }, seed: 9 },
    concurrency: 3,
    ...more,
  };
}

async function collect(run: AsyncGenerator<OfflineEvent>): Promise<OfflineEvent[]> {
  const events: OfflineEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

describe('writeOffline', () => {
  it('writes a dataset without defects whose images never cross folds', async () => {
    const events = await collect(writeOffline(options('whole')));
    expect(events[0]).toEqual({ type: 'start', total: 10 });
    expect(events.at(-1)).toMatchObject({ type: 'end', made: 10, kept: 0 });
    const check = await checkDataset(join(folder, 'whole'));
    expect(check.defects.filter(({ severity }) => severity === 'error')).toEqual([]);

    const manifest = await readOfflineManifest(join(folder, 'whole', 'augmentation.json'));
    const personOf = new Map(dataset.entries.train.map(({ id, person }) => [id, person]));
    const kinds = Object.values(manifest.children).map(({ kind, parents }) => {
      const groups = new Set(parents.map((parent) => folds.foldOf.get(personOf.get(parent)!)));
      expect(groups.size).toBe(1);
      return `${kind} of ${Math.min(parents.length, 4)}`;
    });
    expect(kinds.filter((kind) => kind === 'rotation of 1')).toHaveLength(4);
    expect(kinds.filter((kind) => kind === 'mosaic of 4')).toHaveLength(6);

    const joint = await withOffline(dataset, await readHandBone(join(folder, 'whole')));
    const jointFolds = makeFolds(joint, { count: 3, seed: 1, stratify: 'none' });
    for (let fold = 0; fold < 3; fold++) {
      const { train, validation } = foldSplit(jointFolds, fold);
      const validated = new Set(validation.map(({ id }) => id));
      const children = train.filter(({ parents }) => parents !== undefined);
      expect(children.some(({ parents }) => parents!.some((parent) => validated.has(parent)))).toBe(false);
      expect(validation.every(({ parents }) => parents === undefined)).toBe(true);
    }
  });

  it('labels read back are the very labels that were made', async () => {
    const offline = await readHandBone(join(folder, 'whole'));
    const manifest = await readOfflineManifest(join(folder, 'whole', 'augmentation.json'));
    const originals = new Map(dataset.entries.train.map((entry) => [entry.id, entry]));
    const entry = offline.entries.train.find(({ id }) => id === 'mosaic-000002.png')!;
    const { corners, cut, mirrored } = manifest.children[entry.id]!.parameters as {
      corners: string[];
      cut: [number, number];
      mirrored: boolean[];
    };
    const labels = await offline.readLabels(entry);
    const image = await offline.readImage(entry);
    for (const [corner, name] of corners.entries()) {
      const parent = originals.get(name)!;
      const original: Sample = {
        image: await dataset.readImage(parent),
        labels: await dataset.readLabels(parent),
      };
      const source = mirrored[corner]
        ? await buildTransform(horizontalFlip({ p: 1 }))(original, Random.from(0))
        : original;
      const xs = corner % 2 === 0 ? [0, cut[0] - 1] : [cut[0], labels.width - 1];
      const ys = corner < 2 ? [0, cut[1] - 1] : [cut[1], labels.height - 1];
      for (let y = ys[0]!; y <= ys[1]!; y++) {
        for (let x = xs[0]!; x <= xs[1]!; x++) {
          const i = y * labels.width + x;
          if (labels.planes[0]![i] !== source.labels.planes[0]![i]) expect.fail(`label at ${x}, ${y}`);
          if (image.data[3 * i] !== source.image.data[3 * i]) expect.fail(`pixel at ${x}, ${y}`);
        }
      }
    }
  });

  it('gives the same files whatever the concurrency, and after interruptions', async () => {
    await collect(writeOffline(options('serial', { concurrency: 1 })));
    const expected = await folderContents(join(folder, 'whole'));
    expect(await folderContents(join(folder, 'serial'))).toEqual(expected);

    // Left after four images; then one of them is damaged, one loses its annotation, and half a file is left over.
    const broken = join(folder, 'broken');
    let seen = 0;
    for await (const event of writeOffline(options('broken'))) {
      if (event.type === 'child' && ++seen === 4) break;
    }
    await expect(readFile(join(broken, 'augmentation.json'))).rejects.toThrow(/ENOENT/);
    await truncate(join(broken, 'train/DCM/mosaic-000001/mosaic-000001.png'), 100);
    await rm(join(broken, 'train/outputs_json/mosaic-000002/mosaic-000002.json'));
    await writeFile(join(broken, 'train/outputs_json/mosaic-000003/mosaic-000003.json'), '{"annotations": [');
    const events = await collect(writeOffline(options('broken')));
    const keptFirst = events.filter((event) => event.type === 'child').slice(0, 4);
    expect(keptFirst.map(({ kept }) => kept)).toEqual([false, false, false, true]);
    expect(await folderContents(broken)).toEqual(expected);

    const again = await collect(writeOffline(options('broken')));
    expect(again.at(-1)).toMatchObject({ made: 0, kept: 10 });
    expect(await folderContents(broken)).toEqual(expected);
  });

  it('refuses a folder that holds something else, other settings, and folds too small to mix', async () => {
    await expect(collect(writeOffline(options('phantom')))).rejects.toMatchObject({ code: 'offline/exists' });
    const other = options('whole', { settings: { mosaic: { count: 6 }, seed: 10 } });
    await expect(collect(writeOffline(other))).rejects.toMatchObject({ code: 'offline/exists' });
    const lonely = options('lonely', { groupOf: ({ id }) => id });
    await expect(collect(writeOffline(lonely))).rejects.toMatchObject({ code: 'offline/too-few' });
    const misspelt = options('misspelt', { settings: { mosaics: { count: 1 } } as never });
    await expect(collect(writeOffline(misspelt))).rejects.toMatchObject({ code: 'offline/settings' });
  });

  it('stops when aborted, and when a parent cannot be read', async () => {
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      for await (const event of writeOffline(options('aborted', { signal: controller.signal }))) {
        if (event.type === 'child') controller.abort(new Error('enough'));
      }
    };
    await expect(run()).rejects.toThrow('enough');
    const unreadable: Dataset = { ...dataset, readImage: () => Promise.reject(new Error('unreadable')) };
    await expect(collect(writeOffline(options('unreadable', { dataset: unreadable })))).rejects.toThrow(
      'unreadable',
    );
  });
});

describe('other ways of making images', () => {
  const settings = {
    ricap: { count: 2 },
    copyPaste: { count: 2, classes: [2, 2] as const },
    variants: [
      { transform: { name: 'CLAHE', p: 1 }, count: 2 },
      { name: 'noisy', transform: { name: 'GaussNoise', p: 1 }, count: 1 },
    ],
  } satisfies OfflineOptions['settings'];

  it('writes them with what they were made of, the same whatever the concurrency', async () => {
    await collect(writeOffline(options('kinds', { settings })));
    await collect(writeOffline(options('kinds serial', { settings, concurrency: 1 })));
    expect(await folderContents(join(folder, 'kinds'))).toEqual(
      await folderContents(join(folder, 'kinds serial')),
    );
    const { children } = await readOfflineManifest(join(folder, 'kinds', 'augmentation.json'));
    expect(Object.keys(children)).toEqual([
      'ricap-000001.png',
      'ricap-000002.png',
      'copyPaste-000001.png',
      'copyPaste-000002.png',
      'CLAHE-000001.png',
      'CLAHE-000002.png',
      'noisy-000001.png',
    ]);
    expect(children['noisy-000001.png']!.parameters).toMatchObject({ transform: { name: 'GaussNoise' } });
    expect(children['CLAHE-000001.png']!.parents).not.toEqual(children['CLAHE-000002.png']!.parents);
    const check = await checkDataset(join(folder, 'kinds'));
    expect(check.defects.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('a variant is its parent transformed, with its labels', async () => {
    const offline = await readHandBone(join(folder, 'kinds'));
    const { children } = await readOfflineManifest(join(folder, 'kinds', 'augmentation.json'));
    const [parentId] = children['CLAHE-000001.png']!.parents;
    const child = offline.entries.train.find(({ id }) => id === 'CLAHE-000001.png')!;
    const parent = dataset.entries.train.find(({ id }) => id === parentId)!;
    const image = await dataset.readImage(parent);
    const [labels] = (await offline.readLabels(child)).planes;
    const [before] = (await dataset.readLabels(parent)).planes;
    expect(labels!.every((bits, i) => bits === before![i])).toBe(true);
    const made = await offline.readImage(child);
    expect(Buffer.compare(made.data, image.data)).not.toBe(0);
    const clahe = buildTransform({ name: 'CLAHE', clipLimit: [1, 4], p: 1 });
    const random = Random.from(0, 'offline', 'CLAHE', 0).derive('pixels');
    const expected = await clahe({ image, labels: await dataset.readLabels(parent) }, random);
    expect(Buffer.compare(made.data, expected.image.data)).toBe(0);
  });

  it('copy-paste changes labels where it pasted alone, and says what', async () => {
    const offline = await readHandBone(join(folder, 'kinds'));
    const { children } = await readOfflineManifest(join(folder, 'kinds', 'augmentation.json'));
    const child = offline.entries.train.find(({ id }) => id === 'copyPaste-000001.png')!;
    const { onto, from, classes } = children[child.id]!.parameters as {
      onto: string;
      from: string;
      classes: string[];
    };
    expect(children[child.id]!.parents).toEqual([onto, from]);
    expect(classes).toHaveLength(2);
    const before = await dataset.readLabels(dataset.entries.train.find(({ id }) => id === onto)!);
    const after = await offline.readLabels(child);
    const pasted = classes.reduce((bits, name) => bits | (1 << dataset.classes.indexOf(name)), 0);
    let changed = 0;
    for (const [i, bits] of after.planes[0]!.entries()) {
      if (bits === before.planes[0]![i]) continue;
      changed++;
      if ((bits & pasted) === 0) expect.fail(`pixel ${i} changed without belonging to a pasted class`);
    }
    expect(changed).toBeGreaterThan(10);
  });

  it('makes a child again when its parent was corrected', async () => {
    const copy = await mkdtemp(join(folder, 'corrected-'));
    await writePhantom(copy, { people: 4, test: 1, size: 128, seed: 5, outliers: 0 });
    const corrected = await readHandBone(copy);
    const run = { dataset: corrected, entries: corrected.entries.train, groupOf: () => 0 };
    const all = { variants: [{ transform: { name: 'CLAHE' as const }, count: 8 }] };
    const make = () => collect(writeOffline(options('after correction', { ...run, settings: all })));
    await make();
    expect((await make()).at(-1)).toMatchObject({ made: 0, kept: 8 });
    const { annotationPath } = corrected.entries.train[3]!;
    await writeFile(annotationPath!, `${await readFile(annotationPath!, 'utf8')}\n`);
    expect((await make()).at(-1)).toMatchObject({ made: 1, kept: 7 });
  });

  it('refuses names that are taken', async () => {
    for (const variants of [
      [{ name: 'Mosaic', transform: { name: 'CLAHE' as const }, count: 1 }],
      [
        { transform: { name: 'CLAHE' as const }, count: 1 },
        { name: 'clahe', transform: { name: 'CLAHE' as const }, count: 1 },
      ],
      [{ name: '../out', transform: { name: 'CLAHE' as const }, count: 1 }],
    ]) {
      const named = options('names', { settings: { variants } });
      await expect(collect(writeOffline(named))).rejects.toMatchObject({ code: 'offline/settings' });
    }
  });
});

describe('parts', () => {
  it('mirrors the other hand before joining', async () => {
    const [entry] = dataset.entries.train;
    const sample: Sample = {
      image: await dataset.readImage(entry!),
      labels: await dataset.readLabels(entry!),
    };
    const flipped = await buildTransform(horizontalFlip({ p: 1 }))(sample, Random.from(0));
    const { sample: joined, parameters } = await makeMosaic(
      [sample, flipped, sample, flipped],
      [0.3, 0.7],
      Random.from(2),
    );
    expect(parameters.mirrored).toEqual([false, true, false, true]);
    expect(joined.labels).toEqual(sample.labels);
    expect(joined.image.data).toEqual(Uint8Array.from(sample.image.data));
  });
});
