import { PhalanxError } from '../../core/errors.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import type { ImageSize } from '../../pixels/image.ts';
import type { Dataset, SampleEntry } from '../dataset.ts';
import { readAnyImage, readAnySize } from '../images/anyImage.ts';
import { readStack } from '../images/series.ts';
import { stackedChannels } from './channels.ts';
import type { FoundImage } from './foundImages.ts';
import type { Layout } from './layoutOptions.ts';
import type { Listing } from './listing.ts';
import { modalityFiles, modalityIntensities } from './modalities.ts';
import { neighboursOf } from './neighbours.ts';
import { personFinder } from './persons.ts';
import { sampleNames, splitEntries } from './sampleNames.ts';
import type { Tree } from './tree.ts';

/** What a format knows of an image's labels before it reads them. */
export interface LabelSource {
  /** The files that the labels are read from; none where the image has no labels. */
  readonly files: readonly string[];
  /** Reads them at the size of the image. */
  read(size: ImageSize): Promise<LabelMap>;
}

export interface FileDatasetOptions {
  readonly tree: Tree;
  readonly classes: readonly string[];
  readonly images: readonly FoundImage[];
  readonly layout: Pick<
    Layout,
    'images' | 'intensity' | 'maxPixels' | 'modalities' | 'neighbours' | 'person' | 'step'
  >;
  /** Whether label maps may have unknown pixels. */
  readonly unknown?: boolean;
  /** Settings that decide what labels the files give. */
  readonly settings: unknown;
  readonly labelsOf: (image: FoundImage) => LabelSource;
}

/** A dataset of separate image files, whose labels a format finds. */
export function fileDataset(options: FileDatasetOptions): Listing {
  const { tree, classes, layout, settings, labelsOf } = options;
  const { root, defects } = tree;
  const files = modalityFiles(tree, options.images, layout);
  const images = options.images.filter(({ path }) => files.has(path));
  const names = sampleNames(images, defects);
  const personOf = personFinder(layout, defects);
  const sources = new Map<string, LabelSource>();
  const neighbours = stackedChannels(layout) === 1 ? undefined : neighboursOf(images, layout);
  const slicesOf = (path: string): (readonly string[])[] | undefined =>
    neighbours?.get(path)?.map((slice) => files.get(slice)!);
  const intensities = modalityIntensities(layout);
  const reading = JSON.stringify([
    layout.intensity ?? null,
    layout.neighbours,
    settings,
    ...(intensities.length === 1 ? [] : [intensities]),
  ]);
  const entries = images.map((image, index) => {
    const id = names[index]!;
    const source = labelsOf(image);
    sources.set(id, source);
    const [annotationPath, ...otherLabels] = source.files;
    const others = [...otherLabels, ...(slicesOf(image.path)?.flat() ?? [])];
    const entry: SampleEntry = {
      id,
      person: personOf(image),
      imagePath: image.path,
      reading,
      ...(annotationPath === undefined ? {} : { annotationPath }),
      ...(others.length === 0 ? {} : { sources: others }),
    };
    return { split: image.split, entry };
  });
  const expected = `images of a known kind in ${layout.images}`;
  const dataset: Dataset = {
    root,
    classes,
    unknown: options.unknown,
    persons: new Map(),
    entries: splitEntries(root, entries, expected, defects),
    readImage: ({ imagePath }) => {
      const slices = slicesOf(imagePath);
      if (slices === undefined) return readAnyImage(imagePath, layout);
      const { maxPixels } = layout;
      return readStack({ own: files.get(imagePath)!, slices, intensities, maxPixels });
    },
    readSize: ({ imagePath }) => readAnySize(imagePath, layout.maxPixels),
    async readLabels({ id, imagePath }) {
      const source = sources.get(id);
      if (source === undefined || source.files.length === 0) throw withoutLabels(imagePath);
      return await source.read(await readAnySize(imagePath, layout.maxPixels));
    },
  };
  return { dataset, defects };
}

function withoutLabels(imagePath: string): PhalanxError {
  return new PhalanxError('annotation/missing', {
    what: 'The image has no labels',
    where: imagePath,
    expected: 'labels where data.format says they are',
  });
}
