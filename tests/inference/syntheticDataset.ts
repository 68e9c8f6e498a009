import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { Random } from '../../src/core/random.ts';
import type { Dataset, SampleEntry } from '../../src/data/dataset.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';

export interface SyntheticDataset extends Dataset {
  /** Ground truth of each test image, as `readLabels` returns it. */
  readonly labels: ReadonlyMap<string, LabelMap>;
}

/** A test split of blank PNG files in `folder`, with rectangles that overlap as labels. */
export async function syntheticDataset(
  folder: string,
  { images = 3, classes = 4, width = 40, height = 30, seed = 1 } = {},
): Promise<SyntheticDataset> {
  await mkdir(folder, { recursive: true });
  const labels = new Map<string, LabelMap>();
  const entries: SampleEntry[] = [];
  for (let i = 0; i < images; i++) {
    const id = `image${i}.png`;
    const imagePath = join(folder, id);
    await sharp({ create: { width, height, channels: 3, background: 'black' } })
      .png()
      .toFile(imagePath);
    entries.push({ id, person: `ID00${i}`, imagePath, annotationPath: join(folder, `image${i}.json`) });
    labels.set(id, rectangles(width, height, classes, Random.from(seed, id)));
  }
  return {
    root: folder,
    classes: Array.from({ length: classes }, (_, c) => `class-${c}`),
    persons: new Map(),
    entries: { train: [], test: entries },
    readImage: () => Promise.reject(new Error('not needed')),
    readLabels: (entry) => Promise.resolve(labels.get(entry.id)!),
    readSize: () => Promise.resolve({ width, height }),
    labels,
  };
}

/** One rectangle per class, at random places. */
export function rectangles(width: number, height: number, classes: number, random: Random): LabelMap {
  const map = createLabelMap(width, height, classes);
  for (let c = 0; c < classes; c++) {
    const [x0, y0] = [random.integer(0, width - 4), random.integer(0, height - 4)];
    const [x1, y1] = [random.integer(x0 + 2, width + 1), random.integer(y0 + 2, height + 1)];
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) map.planes[c >> 5]![y * width + x]! |= 1 << (c % 32);
    }
  }
  return map;
}

/** The mask of class `c` as a plain array of 0 and 1. */
export function maskOf(map: LabelMap, c: number): Uint8Array {
  return Uint8Array.from(map.planes[c >> 5]!, (bits) => (bits >>> (c % 32)) & 1);
}

/** `start length` pairs by definition: pixel by pixel. */
export function plainRle(mask: Uint8Array): string {
  const pairs: number[] = [];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 1 && mask[i - 1] !== 1) pairs.push(i + 1, 0);
    if (mask[i] === 1) pairs[pairs.length - 1]!++;
  }
  return pairs.join(' ');
}

/** A perfect submission's rows, header included. */
export function submissionLines(dataset: SyntheticDataset): string[] {
  const rows = dataset.entries.test.flatMap(({ id }) =>
    dataset.classes.map((name, c) => `${id},${name},${plainRle(maskOf(dataset.labels.get(id)!, c))}`),
  );
  return ['image_name,class,rle', ...rows];
}
