import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOf } from '../../src/core/bytes.ts';
import { prepareCache } from '../../src/data/cache/cache.ts';
import type { SampleCache } from '../../src/data/cache/cache.ts';
import type { Sample, SampleEntry } from '../../src/data/dataset.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import type { Logits } from '../../src/labels/upsample.ts';
import { cacheFolder } from '../../tools/setup/engine.js';
import { withLock } from '../../tools/setup/lock.js';
import { phantomIn } from '../phantom.ts';

/** Eight hands, as large as the competition's. */
const phantom = { people: 4, test: 0, size: 2048, seed: 43 } as const;
export const classes = 29;
export const fullSize = phantom.size;
/** Side of the images that transforms work on. */
export const sampleSize = 512;
/** Sides at which the loader is measured. */
export const loaderSizes = [512, 1024, 2048] as const;

/** Where both sides find what they work on. */
export interface Material {
  /** The dataset, hand-bone layout. */
  readonly root: string;
  /** Image and annotation of one of its hands. */
  readonly imagePath: string;
  readonly annotationPath: string;
  /**
   * Raw arrays, rows first: `images-S.bin` (N×S×S×3 bytes) and `labels-S.bin` (N×S×S 32-bit label planes) for each size
   * of the loader, and `logits.bin` (512×512×29 float32) of the first hand.
   */
  readonly folder: string;
  /** N of the raw arrays. */
  readonly count: number;
}

/** The dataset, drawn once per user. */
export async function prepareMaterial(folder: string, sizes: readonly number[]): Promise<Material> {
  const parent = join(cacheFolder(), 'bench-data');
  await mkdir(parent, { recursive: true });
  const root = await withLock(join(parent, 'lock'), 'Waiting for another benchmark that is drawing', () =>
    phantomIn(parent, phantom),
  );
  const entries = (await readHandBone(root)).entries.train;
  const [{ imagePath, annotationPath }] = entries as [SampleEntry];
  const material = { root, imagePath, annotationPath: annotationPath!, folder, count: entries.length };
  for (const size of new Set([sampleSize, ...sizes])) await writeRaw(material, size);
  const first = await sampleOf(material);
  await writeFile(join(folder, 'logits.bin'), bytesOf(logitsOf(first.labels)));
  return material;
}

/** The dataset's samples at a size, decoded into the benchmark's folder. */
export async function cacheOf(
  { root, folder }: Material,
  size: number,
): Promise<{ cache: SampleCache; entries: readonly SampleEntry[] }> {
  const dataset = await readHandBone(root);
  const entries = dataset.entries.train;
  const cache = await prepareCache(dataset, entries, {
    directory: join(folder, 'cache'),
    imageSize: { width: size, height: size },
    channels: 3,
    interpolation: 'area',
  });
  return { cache, entries };
}

/** The first hand at the size that transforms work on. */
export async function sampleOf(material: Material): Promise<Sample> {
  const { cache, entries } = await cacheOf(material, sampleSize);
  return cache.read(entries[0]!);
}

/** The logits of `logits.bin`. */
export async function readLogits({ folder }: Material): Promise<Logits> {
  const bytes = await readFile(join(folder, 'logits.bin'));
  const data = new Float32Array(new Uint8Array(bytes).buffer);
  return { width: sampleSize, height: sampleSize, classes, data };
}

async function writeRaw(material: Material, size: number): Promise<void> {
  const { cache, entries } = await cacheOf(material, size);
  for (const entry of entries) {
    const { image, labels } = await cache.read(entry);
    await writeFile(join(material.folder, `images-${size}.bin`), image.data, { flag: 'a' });
    await writeFile(join(material.folder, `labels-${size}.bin`), bytesOf(labels.planes[0]!), { flag: 'a' });
  }
}

/** What a good network would say: sure inside and outside, a ramp of a few pixels along every border. */
function logitsOf({ width, height, planes }: LabelMap): Float32Array {
  const radius = 2;
  const plane = planes[0]!;
  const logits = new Float32Array(width * height * classes);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * classes;
      for (let dy = -radius; dy <= radius; dy++) {
        for (let dx = -radius; dx <= radius; dx++) {
          const row = Math.min(height - 1, Math.max(0, y + dy));
          const column = Math.min(width - 1, Math.max(0, x + dx));
          const bits = plane[row * width + column]!;
          for (let c = 0; c < classes; c++) logits[at + c]! += (bits >>> c) & 1;
        }
      }
      for (let c = 0; c < classes; c++) logits[at + c] = logits[at + c]! * 0.6 - 7.3;
    }
  }
  return logits;
}
