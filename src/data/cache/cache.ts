import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { PhalanxError } from '../../core/errors.ts';
import { createLabelMap } from '../../labels/labelMap.ts';
import { resizeLabels } from '../../labels/resize.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { resizeImage } from '../../pixels/resize.ts';
import type { ResizeMethod } from '../../pixels/resize.ts';
import type { Dataset, Sample, SampleEntry } from '../dataset.ts';
import { withChannels } from '../imageFile.ts';
import { mapConcurrently } from '../mapConcurrently.ts';
import type { ConcurrencyOptions } from '../mapConcurrently.ts';
import { hasSample, readSample, sampleExtension, writeSample } from './sampleFile.ts';
import type { SampleShape } from './sampleFile.ts';
import { SourceIndex } from './sources.ts';

/** What a cached sample depends on besides its source files. */
export interface CacheSettings {
  readonly imageSize: ImageSize;
  readonly channels: 1 | 3;
  /** How the image is resized, best `area`; labels are always resized nearest. */
  readonly interpolation: ResizeMethod;
}

export interface CacheOptions extends CacheSettings, ConcurrencyOptions {
  /** Folder of the cache; caches of several datasets and settings can share it. */
  readonly directory: string;
}

/** Decoded and resized samples on disk. */
export interface SampleCache {
  /** Folder of the samples with these settings and classes. */
  readonly folder: string;
  readonly shape: SampleShape;
  /** The files of the prepared entries. */
  readonly paths: ReadonlySet<string>;
  /**
   * Image and labels of one of the prepared entries, in memory of their own; no class anywhere if it has no
   * annotation. A file that has been damaged or removed since is made again.
   *
   * @throws PhalanxError `cache/unprepared` for another entry.
   */
  read(entry: SampleEntry): Promise<Sample>;
}

/** Raised whenever the same sources and settings would give other pixels. */
const cacheVersion = 1;

/**
 * Decodes and resizes every entry that is not in the cache yet. Files are named by the content of image and
 * annotation and by how they are read, so a changed annotation is noticed, and a renamed image is not decoded again. Any number of processes
 * may prepare the same folder at once, and any of them may be killed: what is there is whole.
 *
 * @throws PhalanxError about the first image or annotation that cannot be read, `file/write`; the signal's reason.
 */
export async function prepareCache(
  dataset: Dataset,
  entries: readonly SampleEntry[],
  { directory, imageSize, channels, interpolation, ...concurrency }: CacheOptions,
): Promise<SampleCache> {
  const settings = { imageSize, channels, interpolation };
  const shape: SampleShape = { ...imageSize, channels, classes: dataset.classes.length };
  const named = JSON.stringify([cacheVersion, shape, interpolation, dataset.classes]);
  const folder = join(directory, nameOf(named));
  const sources = await SourceIndex.load(join(directory, 'sources.json'));
  const paths = new Map<string, string>();
  const build = async (entry: SampleEntry, path: string): Promise<Sample> => {
    const sample = await decode(dataset, entry, settings);
    await writeSample(path, sample);
    return sample;
  };
  const prepare = async (entry: SampleEntry): Promise<void> => {
    const image = await sources.hash(entry.imagePath);
    const annotation = entry.annotationPath === undefined ? '' : await sources.hash(entry.annotationPath);
    const others = await Promise.all((entry.sources ?? []).map((source) => sources.hash(source)));
    const reading = entry.reading === undefined ? [] : [entry.reading];
    const path = join(folder, `${nameOf(image, annotation, ...others, ...reading)}${sampleExtension}`);
    if (!(await hasSample(path, shape))) await build(entry, path);
    paths.set(entry.id, path);
  };
  try {
    await mapConcurrently(entries, prepare, concurrency);
  } finally {
    await sources.save();
  }
  const read = async (entry: SampleEntry): Promise<Sample> => {
    const path = paths.get(entry.id);
    if (path === undefined) throw unprepared(entry);
    return (await readSample(path, shape)) ?? (await build(entry, path));
  };
  return { folder, shape, paths: new Set(paths.values()), read };
}

async function decode(
  dataset: Dataset,
  entry: SampleEntry,
  { imageSize, channels, interpolation }: CacheSettings,
): Promise<Sample> {
  const full = await dataset.readImage(entry);
  // Channels last: mixing them is JavaScript's work, and there are far fewer pixels now.
  const image = withChannels(await resizeImage(full, imageSize, interpolation), channels);
  const labels =
    entry.annotationPath === undefined
      ? createLabelMap(imageSize.width, imageSize.height, dataset.classes.length)
      : await resizeLabels(await dataset.readLabels(entry), imageSize);
  return { image, labels };
}

function nameOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}

function unprepared(entry: SampleEntry): PhalanxError {
  return new PhalanxError('cache/unprepared', {
    what: 'The sample is not one of those that the cache was prepared for',
    where: entry.imagePath,
    fix: 'Prepare the cache with every entry that is read from it',
  });
}
