import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import { PhalanxError } from '../../core/errors.ts';
import { allPlanes, createLabelMap, withUnknown } from '../../labels/labelMap.ts';
import { classAreas } from '../../labels/overlap.ts';
import { resizeLabels } from '../../labels/resize.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { release } from '../../pixels/memory.ts';
import { resizeImage } from '../../pixels/resize.ts';
import type { LabelInterpolation, ResizeMethod } from '../../pixels/resize.ts';
import type { Dataset, Sample, SampleEntry } from '../dataset.ts';
import { withChannels } from '../imageFile.ts';
import { mapConcurrently } from '../mapConcurrently.ts';
import type { ConcurrencyOptions, Progress } from '../mapConcurrently.ts';
import { findSample, readAreas, readSample, sampleExtension, writeSample } from './sampleFile.ts';
import type { SampleShape } from './sampleFile.ts';
import { describeFolder, isCurrent, settingsName } from './settings.ts';
import { SourceIndex } from './sources.ts';

/** What a cached sample depends on besides its source files. */
export interface CacheSettings {
  readonly imageSize: ImageSize;
  /** Grey and colours become each other; what is stacked has its own number. */
  readonly channels: number;
  /** How the image is resized, best `area`. */
  readonly interpolation: ResizeMethod;
  /** How its labels are; default `nearest`. */
  readonly labelInterpolation?: LabelInterpolation | undefined;
}

/** How far the cache is: entries that are done, and what of it had to be made. */
export interface CacheProgress extends Progress {
  /** Samples that were decoded; the others were there. */
  readonly built: number;
  /** Size of all samples so far, bytes. */
  readonly bytes: number;
}

export interface CacheOptions extends CacheSettings, Omit<ConcurrencyOptions, 'onProgress'> {
  /** Folder of the cache; caches of several datasets and settings can share it. */
  readonly directory: string;
  /** Called after each entry. */
  readonly onProgress?: ((progress: CacheProgress) => void) | undefined;
}

/** Decoded and resized samples on disk. */
export interface SampleCache {
  /** Folder of the samples with these settings and classes. */
  readonly folder: string;
  readonly shape: SampleShape;
  /** The files of the prepared entries. */
  readonly paths: ReadonlySet<string>;
  /** Samples that preparing decoded; the others were there. */
  readonly built: number;
  /** Size of the prepared entries' files, bytes. */
  readonly bytes: number;
  /**
   * Image and labels of one of the prepared entries, in memory of their own; no class anywhere if it has no
   * annotation. A file that has been damaged or removed since is made again.
   *
   * @throws PhalanxError `cache/unprepared` for another entry.
   */
  read(entry: SampleEntry): Promise<Sample>;
  /**
   * Pixels of each class in the sample, `[classes]`, without reading the rest of it.
   *
   * @throws PhalanxError `cache/unprepared` for an entry that was not prepared.
   */
  areas(entry: SampleEntry): Promise<Uint32Array>;
}

/**
 * Decodes and resizes every entry that is not in the cache yet. Files are named by the content of image and
 * annotation and by how they are read, so a changed annotation is noticed, and a renamed image is not decoded again. Any number of processes
 * may prepare the same folder at once, and any of them may be killed: what is there is whole.
 *
 * @throws PhalanxError about the first image or annotation that cannot be read, `image/channels`, `file/write`; the
 *   signal's reason.
 */
export async function prepareCache(
  dataset: Dataset,
  entries: readonly SampleEntry[],
  {
    directory,
    imageSize,
    channels,
    interpolation,
    labelInterpolation = 'nearest',
    onProgress,
    ...concurrency
  }: CacheOptions,
): Promise<SampleCache> {
  const settings = { imageSize, channels, interpolation, labelInterpolation };
  const { classes, unknown = false } = dataset;
  const shape: SampleShape = { ...imageSize, channels, classes: classes.length, unknown };
  const described = describeFolder({ shape, interpolation, labelInterpolation, classes });
  const folder = join(directory, nameOf(described));
  if (!(await isCurrent(folder))) await writeFileAtomic(join(folder, settingsName), described);
  const sources = await SourceIndex.load(join(directory, 'sources.json'));
  const paths = new Map<string, string>();
  const sizes = new Map<string, number>();
  let built = 0;
  let bytes = 0;
  const build = async (entry: SampleEntry, path: string): Promise<{ sample: Sample; size: number }> => {
    const sample = await decode(dataset, entry, settings);
    return { sample, size: await writeSample(path, sample) };
  };
  const prepare = async (entry: SampleEntry): Promise<void> => {
    const image = await sources.hash(entry.imagePath);
    const annotation = entry.annotationPath === undefined ? '' : await sources.hash(entry.annotationPath);
    const others = await Promise.all((entry.sources ?? []).map((source) => sources.hash(source)));
    const reading = entry.reading === undefined ? [] : [entry.reading];
    const path = join(folder, `${nameOf(image, annotation, ...others, ...reading)}${sampleExtension}`);
    let size = await findSample(path, shape);
    if (size === undefined) {
      const made = await build(entry, path);
      release([made.sample.image.data, ...allPlanes(made.sample.labels)]);
      size = made.size;
      built++;
    }
    // Two entries of the same content share a file.
    if (!sizes.has(path)) bytes += size;
    sizes.set(path, size);
    paths.set(entry.id, path);
  };
  try {
    await mapConcurrently(entries, prepare, {
      ...concurrency,
      onProgress: (progress) => onProgress?.({ ...progress, built, bytes }),
    });
  } finally {
    await sources.save();
  }
  const pathOf = (entry: SampleEntry): string => {
    const path = paths.get(entry.id);
    if (path === undefined) throw unprepared(entry);
    return path;
  };
  const read = async (entry: SampleEntry): Promise<Sample> => {
    const path = pathOf(entry);
    return (await readSample(path, shape)) ?? (await build(entry, path)).sample;
  };
  const areas = async (entry: SampleEntry): Promise<Uint32Array> => {
    const path = pathOf(entry);
    return (
      (await readAreas(path, shape)) ??
      Uint32Array.from(await classAreas((await build(entry, path)).sample.labels))
    );
  };
  return { folder, shape, paths: new Set(paths.values()), built, bytes, read, areas };
}

async function decode(
  dataset: Dataset,
  entry: SampleEntry,
  { imageSize, channels, interpolation, labelInterpolation }: CacheSettings,
): Promise<Sample> {
  const full = await dataset.readImage(entry);
  // Channels last: mixing them is JavaScript's work, and there are far fewer pixels now.
  const image = withChannels(await resizeImage(full, imageSize, interpolation), channels, entry.imagePath);
  const labels =
    entry.annotationPath === undefined
      ? createLabelMap(imageSize.width, imageSize.height, dataset.classes.length)
      : await resizeLabels(await dataset.readLabels(entry), imageSize, labelInterpolation);
  return { image, labels: dataset.unknown === true ? withUnknown(labels) : labels };
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
