import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { formatSchema } from '../../src/data/formats/options.ts';
import { openFormat } from '../../src/data/formats/open.ts';
import { withFurther } from '../../src/data/further.ts';
import { classConfidences, pseudoLabelFormat, writePseudoLabels } from '../../src/inference/pseudoLabels.ts';
import type { PseudoLabelEvent, PseudoLabelOptions } from '../../src/inference/pseudoLabels.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import type { Image } from '../../src/pixels/image.ts';
import { temporaryFolder } from '../temporaryFolder.ts';
import { syntheticDataset } from './syntheticDataset.ts';
import type { SyntheticDataset } from './syntheticDataset.ts';

const [width, height] = [40, 30];

/** Other pixels for each image. */
function imageOf(id: string): Image {
  const random = Random.from(id);
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 256));
  return { width, height, channels: 3, data };
}

let folder: string;
let dataset: SyntheticDataset;
let store: LogitStore;

/** Logits that give the labels at 0.5, ±4 but for the last image, which is ±0.1. */
beforeEach(async () => {
  folder = await temporaryFolder();
  const made = await syntheticDataset(join(folder, 'data'), { classes: 3, width, height });
  dataset = { ...made, readImage: ({ id }) => Promise.resolve(imageOf(id)) };
  store = new LogitStore(join(folder, 'logits'));
  for (const { id } of dataset.entries.test) {
    const bits = dataset.labels.get(id)!.planes[0]!;
    const sure = id === 'image2.png' ? 0.1 : 4;
    await store.write(
      Float32Array.from({ length: width * height * 3 }, (_, i) =>
        ((bits[Math.floor(i / 3)]! >>> (i % 3)) & 1) === 1 ? sure : -sure,
      ),
      {
        image: id,
        height,
        width,
        originalHeight: height,
        originalWidth: width,
        classes: dataset.classes,
        provenance: { checkpoint: 'a' },
      },
    );
  }
});

async function write(options: Partial<PseudoLabelOptions> = {}): Promise<PseudoLabelEvent[]> {
  const events: PseudoLabelEvent[] = [];
  for await (const event of writePseudoLabels({
    members: [{ name: 'one', store }],
    dataset,
    entries: dataset.entries.test,
    directory: join(folder, 'pseudo'),
    confidence: 0.9,
    ...options,
  }))
    events.push(event);
  return events;
}

describe('pseudo-labels', () => {
  it('are those of the images predicted with confidence, as a dataset to mix in', async () => {
    expect((await write()).at(-1)).toEqual({ type: 'finished', kept: 2, left: 1 });
    const root = join(folder, 'pseudo');
    const written = await openFormat(root, formatSchema.parse(pseudoLabelFormat(dataset.classes)));
    expect(written.entries.train.map(({ id, person }) => [id, person])).toEqual([
      ['image0.png', 'ID000'],
      ['image1.png', 'ID001'],
    ]);
    const mixed = withFurther({ ...dataset, entries: { train: [], test: [] } }, written, 'pseudo');
    expect(mixed.entries.train).toHaveLength(2);
    for (const entry of mixed.entries.train) {
      const id = entry.id.replace('pseudo/', '');
      expect(await mixed.readImage(entry)).toEqual(imageOf(id));
      const labels = await mixed.readLabels(entry);
      expect(labels).toEqual(dataset.labels.get(id));
      expect(labels.planes[0]!.some((bits) => bits !== 0)).toBe(true);
    }
    const about = JSON.parse(await readFile(join(root, 'confidence.json'), 'utf8')) as {
      images: { image: string; kept: boolean; confidence: number; classes: Record<string, number> }[];
    };
    expect(about.images.map(({ image, kept }) => [image, kept])).toEqual([
      ['image0.png', true],
      ['image1.png', true],
      ['image2.png', false],
    ]);
    // Of logits that are 4 or 0.1 within the code's steps.
    expect(about.images[0]!.classes['class-1']).toBeCloseTo(0.982, 2);
    expect(about.images[2]!.confidence).toBeCloseTo(0.525, 2);
  });

  it('replace none that are there unless told to, and no unfinished ones are taken for a dataset', async () => {
    const abort = new AbortController();
    abort.abort(new Error('enough'));
    await expect(write({ signal: abort.signal })).rejects.toThrow('enough');
    await expect(write({ confidence: 0.999 })).rejects.toMatchObject({ code: 'labels/none-confident' });
    expect(existsSync(join(folder, 'pseudo/train.csv'))).toBe(false);
    await write();
    await expect(write()).rejects.toMatchObject({ code: 'labels/exists' });
    await write({ confidence: 0, overwrite: true });
    expect(await readdir(join(folder, 'pseudo/train/images'))).toEqual(['ID000', 'ID001', 'ID002']);
  });

  it('lie inside the folder, each with a name of its own, whatever images are called', async () => {
    const [first] = dataset.entries.test;
    const ids = ['../up.png', 'a/b.png', 'a?b.jpg', '..'];
    const entries = ids.map((id) => ({ ...first!, id, person: '../..' }));
    const { info } = await store.read(first!.id);
    for (const id of ids) {
      const copy = new LogitStore(store.root);
      await copy.write(new Float32Array(width * height * 3).fill(4), { ...info, image: id });
    }
    await write({ entries, dataset: { ...dataset, readImage: () => Promise.resolve(imageOf('x')) } });
    const names = (await readdir(join(folder, 'pseudo'), { recursive: true })).filter((name) =>
      name.endsWith('.png'),
    );
    expect(new Set(names).size).toBe(ids.length);
    const rows = (await readFile(join(folder, 'pseudo/train.csv'), 'utf8')).trimEnd().split('\n');
    expect(rows).toHaveLength(1 + 3 * ids.length);
    for (const row of rows.slice(1)) expect(row).toContain(`,1 ${width * height}`);
  });

  it('are as sure as the mean probability of a class, or of its absence', () => {
    const logits = [2, -3, 1, -1, -5, -2];
    const [first, second] = classConfidences(
      { width: 3, height: 1, classes: 2, data: Float32Array.from(logits) },
      0,
    );
    const p = (x: number): number => 1 / (1 + Math.exp(-x));
    // Class 0 has 2, 1 and −5: two pixels; class 1 has −3, −1 and −2: none.
    expect(first).toBeCloseTo((p(2) + p(1)) / 2, 6);
    expect(second).toBeCloseTo(1 - p(-1), 6);
  });
});
