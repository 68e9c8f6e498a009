import { PhalanxError } from '../core/errors.ts';
import { listed, nearest } from '../core/nearest.ts';
import type { SampleCache } from '../data/cache/cache.ts';
import type { Dataset, SampleEntry } from '../data/dataset.ts';
import { mainSource } from '../data/further.ts';
import { drawingSampler } from '../data/loader/drawingSampler.ts';
import type { DrawOptions } from '../data/loader/drawingSampler.ts';
import { shuffledSampler } from '../data/loader/samplers.ts';
import type { Sampler } from '../data/loader/samplers.ts';
import { mapConcurrently } from '../data/mapConcurrently.ts';
import { readTags } from '../data/tags.ts';
import type { ImageSize } from '../pixels/image.ts';
import type { Sampling } from './samplingSchema.ts';

/** How an epoch's images are chosen, for `loadBatches`. */
export interface EpochSampling {
  readonly sampler: Sampler;
  /** Those that can be drawn at all. */
  readonly entries: readonly SampleEntry[];
  /** Images in an epoch. */
  readonly samples: number;
  readonly crop?: ImageSize;
}

/**
 * Turns the declared sampling into a sampler of the entries that are trained on.
 *
 * @throws PhalanxError `sampling/unknown` for a tag, source, class, image or person that is not there,
 *   `sampling/sources` when a source is left out, `sampling/nothing` when every image is, `sampling/crop` for a window larger than the images, `tags/…`.
 */
export async function samplingOf(
  sampling: Sampling | undefined,
  dataset: Dataset,
  entries: readonly SampleEntry[],
  cache: Pick<SampleCache, 'areas' | 'shape'>,
): Promise<EpochSampling> {
  const { draws, weights = {}, tags, sources, classes, crop } = sampling ?? {};
  const cropped = crop === undefined ? {} : { crop: cropSize(crop, cache.shape) };
  const samples = draws ?? entries.length;
  const shuffled =
    draws === undefined &&
    Object.keys(weights).length === 0 &&
    [tags, sources, classes].every((part) => part === undefined);
  if (shuffled) return { sampler: shuffledSampler, entries, samples, ...cropped };
  const weightOf = await weighing(weights, tags, dataset);
  const shares = sources === undefined ? undefined : sourcesOf(sources, entries);
  const drawable = entries.filter(
    (entry) => weightOf(entry) > 0 && (shares === undefined || shares.shares.get(shares.of(entry))! > 0),
  );
  if (drawable.length === 0) {
    throw new PhalanxError('sampling/nothing', {
      what: 'The sampling leaves out every training image',
      where: 'training.sampling',
      expected: 'an image whose weights, tags and source are above 0',
    });
  }
  const sampler = drawingSampler({
    count: samples,
    weightOf,
    ...(shares === undefined ? {} : { sources: shares }),
    ...(classes === undefined ? {} : { classes: await classesOf(classes, dataset, drawable, cache) }),
  });
  return { sampler, entries: drawable, samples, ...cropped };
}

function cropSize(crop: NonNullable<Sampling['crop']>, shape: ImageSize): ImageSize {
  const size = typeof crop === 'number' ? { width: crop, height: crop } : crop;
  if (size.width <= shape.width && size.height <= shape.height) return size;
  throw new PhalanxError('sampling/crop', {
    what: 'The window is larger than the images',
    where: 'training.sampling.crop',
    expected: `at most ${shape.width} × ${shape.height} pixels, data.imageSize`,
    received: `${size.width} × ${size.height}`,
  });
}

async function weighing(
  weights: Sampling['weights'],
  tags: Sampling['tags'],
  { entries: { train } }: Dataset,
): Promise<(entry: SampleEntry) => number> {
  const people = train.map(({ person }) => person);
  requireKnown(Object.keys(weights), [...people, ...train.map(({ id }) => id)], 'weights', 'image or person');
  const tagsOf = tags === undefined ? undefined : await readTags(tags.file);
  if (tags !== undefined) {
    const given = new Set([...(tagsOf ?? new Map<string, string[]>()).values()].flat());
    requireKnown(Object.keys(tags.factors), given, 'tags.factors', `tag in ${tags.file}`);
  }
  const factor = (from: Readonly<Record<string, number>>, key: string): number =>
    Object.hasOwn(from, key) ? from[key]! : 1;
  return ({ id, person }) => {
    const own = tagsOf?.get(id) ?? [];
    const byTag = own.reduce((product, tag) => product * factor(tags?.factors ?? {}, tag), 1);
    return factor(weights, id) * factor(weights, person) * byTag;
  };
}

function sourcesOf(
  shares: Readonly<Record<string, number>>,
  entries: readonly SampleEntry[],
): NonNullable<DrawOptions['sources']> {
  const of = ({ origin, parents }: SampleEntry): string =>
    origin ?? (parents === undefined ? mainSource : 'offline');
  const present = new Set(entries.map(of));
  requireKnown(Object.keys(shares), present, 'sources', 'source of training images');
  const missing = [...present].filter((name) => !Object.hasOwn(shares, name));
  if (missing.length > 0) {
    throw new PhalanxError('sampling/sources', {
      what: 'Sources of training images have no part',
      where: 'training.sampling.sources',
      expected: `a number for each of ${listed([...present])}`,
      received: `none for ${listed(missing)}`,
      fix: 'Name them too; 0 leaves them out',
    });
  }
  return { of, shares: new Map(Object.entries(shares)) };
}

async function classesOf(
  { share, weights }: NonNullable<Sampling['classes']>,
  { classes }: Dataset,
  entries: readonly SampleEntry[],
  cache: Pick<SampleCache, 'areas'>,
): Promise<NonNullable<DrawOptions['classes']>> {
  requireKnown(Object.keys(weights ?? {}), classes, 'classes.weights', 'class');
  const areas = new Map<string, Uint32Array>();
  await mapConcurrently(entries, async (entry) => {
    areas.set(entry.id, await cache.areas(entry));
  });
  return {
    share,
    weights: classes.map((name) => {
      if (weights === undefined) return 1;
      return Object.hasOwn(weights, name) ? weights[name]! : 0;
    }),
    has: ({ id }, classIndex) => areas.get(id)![classIndex]! > 0,
  };
}

function requireKnown(names: readonly string[], known: Iterable<string>, where: string, noun: string): void {
  const all = new Set(known);
  const unknown = names.find((name) => !all.has(name));
  if (unknown === undefined) return;
  const guess = nearest(unknown, all);
  throw new PhalanxError('sampling/unknown', {
    what: `There is no such ${noun}`,
    where: `training.sampling.${where}`,
    expected: guess === undefined ? `one of ${listed([...all].sort())}` : `perhaps ${guess}`,
    received: unknown,
  });
}
