import { imageExtensions, readStored } from '../../images/anyImage.ts';
import type { ImageSize } from '../../../pixels/image.ts';
import type { LabelMap } from '../../../labels/labelMap.ts';
import { fileDataset } from '../fileDataset.ts';
import { filledTemplate, foundImages, labelFile } from '../foundImages.ts';
import type { Listing } from '../listing.ts';
import { requireGrey, requireSize } from '../requirements.ts';
import { listTree } from '../tree.ts';
import { labelsOfValues } from '../valueTable.ts';
import { labelsOfColours } from './colours.ts';
import type { LabelImagesFormat } from './options.ts';

/**
 * Lists images with one label image each.
 *
 * @throws PhalanxError `dataset/missing`, `dataset/too-large`.
 */
export async function listLabelImages(root: string, format: LabelImagesFormat): Promise<Listing> {
  const tree = await listTree(root, imageExtensions);
  const candidates = foundImages(tree, format);
  const labels = new Map(
    candidates.map((image) => [image.path, labelFile(tree, filledTemplate(format.labels, image))?.path]),
  );
  const used = new Set(labels.values());
  const { classes, ignore, unknown } = format;
  return fileDataset({
    tree,
    classes: classes.map(({ name }) => name),
    // Where both lie in one folder, labels are not images.
    images: candidates.filter(({ path }) => !used.has(path)),
    layout: format,
    unknown: unknown.length > 0,
    settings: { classes, ignore, ...(unknown.length > 0 ? { unknown } : {}) },
    labelsOf: ({ path }) => {
      const file = labels.get(path);
      return {
        files: file === undefined ? [] : [file],
        read: (size) => readLabelImage(file!, size, format),
      };
    },
  });
}

/** @throws PhalanxError `annotation/…`, `image/…`. */
async function readLabelImage(path: string, size: ImageSize, format: LabelImagesFormat): Promise<LabelMap> {
  const stored = await readStored(path, format.maxPixels, { indices: hasValues(format.classes) });
  requireSize(stored, size, path);
  const { classes, ignore, unknown } = format;
  if (hasValues(classes))
    return labelsOfValues(requireGrey(stored, path), { classes, ignore, unknown }, path);
  return labelsOfColours(stored, classes, path);
}

type Classes = LabelImagesFormat['classes'];

function hasValues(classes: Classes): classes is Extract<Classes, readonly { value: unknown }[]> {
  return 'value' in classes[0]!;
}
