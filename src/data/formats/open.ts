import type { Dataset } from '../dataset.ts';
import { defectError } from '../defect.ts';
import { readHandBone } from '../handBone/reader.ts';
import { listCoco } from './coco/list.ts';
import { listLabelImages } from './labelImages/list.ts';
import type { Listing } from './listing.ts';
import { listMaskFiles } from './maskFiles/list.ts';
import type { Format } from './options.ts';
import { listPolygons } from './polygons/list.ts';
import { listRleTable } from './rleTable/list.ts';
import { listVolumes } from './volumes/list.ts';

/**
 * Lists a dataset of any format without decoding it.
 *
 * @throws PhalanxError naming the first thing that is wrong with the arrangement of files or with a table of them.
 */
export async function openFormat(root: string, format: Format): Promise<Dataset> {
  if (format === 'hand-bone') return await readHandBone(root);
  const { dataset, defects } = await listFormat(root, format);
  const wrong = defects.find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw defectError(wrong);
  return dataset;
}

/** The formats with options; the competition's own layout has a check of its own. */
export type NamedFormat = Exclude<Format, 'hand-bone'>;

/** @throws PhalanxError `dataset/missing`, `dataset/too-large`; what else is wrong is among the defects. */
export async function listFormat(root: string, format: NamedFormat): Promise<Listing> {
  switch (format.name) {
    case 'polygons':
      return await listPolygons(root, format);
    case 'label-images':
      return await listLabelImages(root, format);
    case 'mask-files':
      return await listMaskFiles(root, format);
    case 'rle-table':
      return await listRleTable(root, format);
    case 'coco':
      return await listCoco(root, format);
    case 'volumes':
      return await listVolumes(root, format);
  }
}
