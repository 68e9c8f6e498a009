import { PhalanxError } from '../../core/errors.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import type { ImageSize } from '../../pixels/image.ts';
import type { Dataset, SampleEntry } from '../dataset.ts';
import type { Defect } from '../defect.ts';
import { readAnyImage, readAnySize } from '../images/anyImage.ts';
import { readWithNeighbours } from '../images/series.ts';
import type { FoundImage } from './foundImages.ts';
import type { Layout } from './layoutOptions.ts';
import type { Listing } from './listing.ts';
import { neighboursOf } from './neighbours.ts';
import { personFinder } from './persons.ts';
import { sampleNames, splitEntries } from './sampleNames.ts';

/** What a format knows of an image's labels before it reads them. */
export interface LabelSource {
  /** The files that the labels are read from; none where the image has no labels. */
  readonly files: readonly string[];
  /** Reads them at the size of the image. */
  read(size: ImageSize): Promise<LabelMap>;
}

export interface FileDatasetOptions {
  readonly root: string;
  readonly classes: readonly string[];
  readonly images: readonly FoundImage[];
  readonly layout: Pick<Layout, 'images' | 'intensity' | 'maxPixels' | 'neighbours' | 'person' | 'step'>;
  /** Whether label maps may have unknown pixels. */
  readonly unknown?: boolean;
  /** Settings that decide what labels the files give. */
  readonly settings: unknown;
  readonly labelsOf: (image: FoundImage) => LabelSource;
  readonly defects: Defect[];
}

/** A dataset of separate image files, whose labels a format finds. */
export function fileDataset(options: FileDatasetOptions): Listing {
  const { root, classes, images, layout, settings, labelsOf, defects } = options;
  const names = sampleNames(images, defects);
  const personOf = personFinder(layout, defects);
  const sources = new Map<string, LabelSource>();
  const neighbours = layout.neighbours === 0 ? undefined : neighboursOf(images, layout.step);
  const reading = JSON.stringify([layout.intensity ?? null, layout.neighbours, settings]);
  const entries = images.map((image, index) => {
    const id = names[index]!;
    const source = labelsOf(image);
    sources.set(id, source);
    const [annotationPath, ...otherLabels] = source.files;
    const others = [...otherLabels, ...(neighbours?.get(image.path) ?? [])];
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
      const around = neighbours?.get(imagePath);
      return around === undefined
        ? readAnyImage(imagePath, layout)
        : readWithNeighbours(imagePath, around, layout);
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
