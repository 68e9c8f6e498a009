import { PhalanxError } from '../../core/errors.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { fillPolygons } from '../../labels/polygons.ts';
import type { Dataset, Person, SampleEntry } from '../dataset.ts';
import { defectError } from '../defect.ts';
import { readImageFile, readPngSize } from '../imageFile.ts';
import type { DecodeOptions } from '../imageFile.ts';
import { inspectAnnotation } from './annotation.ts';
import { handBoneClasses } from './classes.ts';
import { listHandBone } from './layout.ts';
import type { HandBoneListing } from './layout.ts';
import { readMetaData } from './metaData.ts';

/**
 * Lists a dataset in the competition's layout (see `listHandBone`) without decoding it. The metadata table may be
 * missing, and so may annotations.
 *
 * @param options.channels what `readImage` returns, see `readImageFile`.
 * @param options.classes labels of the polygons, in the order of their bits, where they are not the competition's.
 * @throws PhalanxError naming the first thing that is wrong with the arrangement of files or with the metadata
 *   table; `checkDataset` lists them all.
 */
export async function readHandBone(
  root: string,
  options: DecodeOptions & { readonly classes?: readonly string[] } = {},
): Promise<Dataset> {
  const listing = await listHandBone(root);
  const wrong = listing.defects.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw defectError(wrong);
  const { metaDataPath } = listing;
  const persons =
    metaDataPath === undefined ? new Map<string, Person>() : (await readMetaData(metaDataPath)).persons;
  return handBoneDataset(listing, persons, options);
}

/** The dataset that has been listed; see `readHandBone`. */
export function handBoneDataset(
  { root, entries }: HandBoneListing,
  persons: ReadonlyMap<string, Person>,
  { classes = handBoneClasses, ...decoding }: DecodeOptions & { readonly classes?: readonly string[] } = {},
): Dataset {
  return {
    root,
    classes,
    persons,
    entries,
    readImage: (entry) => readImageFile(entry.imagePath, decoding),
    readSize: (entry) => readPngSize(entry.imagePath),
    readLabels: (entry) => readLabels(entry, classes),
  };
}

/**
 * Fills an entry's polygons at the full resolution of its image.
 *
 * @throws PhalanxError `annotation/…` naming the first thing that is wrong with the annotation, `image/…` when the
 *   image's size cannot be read.
 */
async function readLabels(entry: SampleEntry, classes: readonly string[]): Promise<LabelMap> {
  const { annotationPath, imagePath } = entry;
  if (annotationPath === undefined) {
    throw new PhalanxError('annotation/missing', {
      what: 'The image has no annotation',
      where: imagePath,
      expected: 'a .json file with the same person and name in outputs_json',
    });
  }
  const size = await readPngSize(imagePath);
  const { polygons, defects } = await inspectAnnotation(annotationPath, size, classes);
  const wrong = defects.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw defectError(wrong);
  return await fillPolygons(polygons, { ...size, classes: classes.length });
}
