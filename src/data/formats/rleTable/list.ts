import { join } from 'node:path';
import { PhalanxError } from '../../../core/errors.ts';
import { nearest } from '../../../core/nearest.ts';
import { createLabelMap } from '../../../labels/labelMap.ts';
import type { LabelMap } from '../../../labels/labelMap.ts';
import { parseRle } from '../../../labels/rle.ts';
import { paintRuns } from '../../../labels/runs.ts';
import type { ImageSize } from '../../../pixels/image.ts';
import type { Defect } from '../../defect.ts';
import { errorDefect } from '../../defect.ts';
import { imageExtensions } from '../../images/anyImage.ts';
import { fileDataset } from '../fileDataset.ts';
import { foundImages } from '../foundImages.ts';
import type { FoundImage } from '../foundImages.ts';
import { insideRoot } from '../../insideRoot.ts';
import type { Listing } from '../listing.ts';
import { listTree } from '../tree.ts';
import { tableDialects } from './options.ts';
import type { RleTableFormat } from './options.ts';
import { readTable } from './table.ts';
import type { TableColumns, TableRow } from './table.ts';

/**
 * Lists images and reads the table of their masks.
 *
 * @throws PhalanxError `dataset/missing`, `dataset/too-large`.
 */
export async function listRleTable(root: string, format: RleTableFormat): Promise<Listing> {
  const tree = await listTree(root, imageExtensions);
  const path = join(tree.root, format.table);
  const usual: TableColumns = tableDialects[format.dialect].columns;
  const columns: TableColumns = {
    image: format.columns.image ?? usual.image,
    class: format.columns.class ?? usual.class,
    rle: format.columns.rle ?? usual.rle,
  };
  let rows = new Map<string, TableRow[]>();
  try {
    await insideRoot(tree.root, path);
    rows = await readTable(path, columns);
  } catch (thrown) {
    tree.defects.push(errorDefect(thrown, path));
  }
  const unused = new Set(rows.keys());
  const images = foundImages(tree, format);
  const { classes, dialect } = format;
  const listing = fileDataset({
    tree,
    classes,
    images,
    layout: format,
    settings: { dialect, columns },
    labelsOf: (image) => {
      const key = tableNames(image, format).find((name) => rows.has(name));
      if (key === undefined) return { files: [], read: () => Promise.reject(new Error('There is no row')) };
      unused.delete(key);
      const own = rows.get(key)!;
      return { files: [path], read: (size) => Promise.resolve(paint(own, size, format, path)) };
    },
  });
  if (unused.size > 0) tree.defects.push(withoutImage(path, unused));
  return listing;
}

/** What a table may call an image, the likeliest first. */
function tableNames({ relative, name: stem, folder }: FoundImage, { dialect }: RleTableFormat): string[] {
  const name = relative.slice(relative.lastIndexOf('/') + 1);
  if (dialect !== 'uw-madison') return [name, stem, relative];
  // case123/case123_day20/scans/slice_0001_266_266_1.50_1.50.png is case123_day20_slice_0001.
  const day =
    folder
      .split('/')
      .filter((part) => part !== 'scans')
      .at(-1) ?? '';
  const slice = /^slice_\d+/.exec(stem)?.[0] ?? stem;
  return [`${day}_${slice}`, name, stem];
}

/** @throws PhalanxError `labels/rle`, `annotation/unknown-label`. */
function paint(rows: readonly TableRow[], size: ImageSize, format: RleTableFormat, path: string): LabelMap {
  const { classes, dialect } = format;
  const labels = createLabelMap(size.width, size.height, classes.length);
  for (const { line, className, rle } of rows) {
    const where = `${path}, line ${line}`;
    const classIndex = className === undefined ? 0 : classes.indexOf(className);
    if (classIndex < 0) throw unknownClass(className!, classes, where);
    // An empty field stands for an empty mask in every dialect.
    if (rle === '') continue;
    paintRuns(labels, classIndex, parseRle(rle, { dialect: tableDialects[dialect].rle, ...size, where }));
  }
  return labels;
}

function unknownClass(className: string, classes: readonly string[], where: string): PhalanxError {
  const meant = nearest(className.slice(0, 100), classes);
  return new PhalanxError('annotation/unknown-label', {
    what: 'The class of a row is not one of data.format.classes',
    where,
    expected: meant === undefined ? `one of ${classes.slice(0, 20).join(', ')}` : `perhaps ${meant}`,
    received: className.slice(0, 100),
  });
}

const withoutImage = (file: string, names: ReadonlySet<string>): Defect => ({
  severity: 'warning',
  code: 'annotation/without-image',
  file,
  what: `${names.size} of the table's images are not there`,
  expected: 'an image for every row',
  received: [...names].slice(0, 3).join(', ').slice(0, 200),
});
