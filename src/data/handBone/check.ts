import { relative } from 'node:path';
import { PhalanxError } from '../../core/errors.ts';
import { fillPolygons } from '../../labels/polygons.ts';
import type { Image, ImageSize } from '../../pixels/image.ts';
import { checkSamples } from '../check/checkSamples.ts';
import type { InspectedLabels } from '../check/checkSamples.ts';
import type { Person, SampleEntry, Split } from '../dataset.ts';
import { errorDefect } from '../defect.ts';
import type { Defect } from '../defect.ts';
import { readPngSize } from '../imageFile.ts';
import type { ConcurrencyOptions } from '../mapConcurrently.ts';
import { withRecordedParents } from '../offline.ts';
import { inspectAnnotation } from './annotation.ts';
import { handBoneClasses } from './classes.ts';
import { listHandBone } from './layout.ts';
import type { HandBoneListing } from './layout.ts';
import { readMetaData } from './metaData.ts';
import type { MetaData } from './metaData.ts';
import { handBoneDataset } from './reader.ts';
import { sideDefects } from './sides.ts';

/** What a check found; without defects, everything in the dataset can be read and used. */
export interface DatasetCheck {
  /** Absolute path of the dataset. */
  readonly root: string;
  readonly images: Readonly<Record<Split, number>>;
  readonly persons: number;
  /** All defects at once; their files are relative to the root. */
  readonly defects: readonly Defect[];
}

/**
 * Decodes every image and reads every annotation and the metadata table of a dataset in the competition's layout, and
 * lists everything that is wrong.
 *
 * @throws PhalanxError `dataset/missing` when there is no such folder.
 */
export async function checkDataset(root: string, options: ConcurrencyOptions = {}): Promise<DatasetCheck> {
  const listing = await withParents(await listHandBone(root));
  const { entries, metaDataPath } = listing;
  const table = metaDataPath === undefined ? undefined : await readTable(metaDataPath);
  const dataset = handBoneDataset(listing, table?.persons ?? new Map<string, Person>());
  const readImage = async (entry: SampleEntry): Promise<Image> => {
    // The header alone tells of a truncated file what decoding would not.
    await readPngSize(entry.imagePath);
    return await dataset.readImage(entry);
  };
  const { samples, defects } = await checkSamples(
    { ...dataset, readImage },
    {
      ...options,
      inspectLabels,
      reportMissing: false,
      ...(table?.persons === undefined ? {} : { metaDataPath: metaDataPath! }),
    },
  );
  const all = [...listing.defects, ...(table?.defects ?? []), ...defects, ...sideDefects(samples)];
  return {
    root: listing.root,
    images: { train: entries.train.length, test: entries.test.length },
    persons: new Set([...entries.train, ...entries.test].map(({ person }) => person)).size,
    defects: all.map((defect) => ({ ...defect, file: relative(listing.root, defect.file) || '.' })),
  };
}

/** The training images of an offline-augmented dataset may resemble each other as their parents do. */
async function withParents(listing: HandBoneListing): Promise<HandBoneListing> {
  const { root, entries, defects } = listing;
  try {
    return { ...listing, entries: { ...entries, train: await withRecordedParents(entries.train, root) } };
  } catch (thrown) {
    return { ...listing, defects: [...defects, errorDefect(thrown, root)] };
  }
}

async function readTable(path: string): Promise<Partial<MetaData> & Pick<MetaData, 'defects'>> {
  try {
    return await readMetaData(path);
  } catch (thrown) {
    if (!(thrown instanceof PhalanxError)) throw thrown;
    return { defects: [errorDefect(thrown, path)] };
  }
}

async function inspectLabels(
  { annotationPath }: SampleEntry,
  size: ImageSize | undefined,
): Promise<InspectedLabels> {
  const { polygons, defects } = await inspectAnnotation(annotationPath!, size, handBoneClasses);
  const usable = size !== undefined && defects.every(({ severity }) => severity === 'warning');
  if (!usable) return { defects };
  const { width, height } = size;
  return {
    labels: await fillPolygons(polygons, { width, height, classes: handBoneClasses.length }),
    defects,
  };
}
