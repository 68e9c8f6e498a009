import { PhalanxError } from '../../../core/errors.ts';
import { createLabelMap } from '../../../labels/labelMap.ts';
import type { LabelMap } from '../../../labels/labelMap.ts';
import type { ImageSize } from '../../../pixels/image.ts';
import { imageExtensions, readStored } from '../../images/anyImage.ts';
import type { StoredArray } from '../../intensity/values.ts';
import { fileDataset } from '../fileDataset.ts';
import { filledTemplate, foundImages, labelFile } from '../foundImages.ts';
import type { FoundImage } from '../foundImages.ts';
import type { Listing } from '../listing.ts';
import { requireGrey, requireSize } from '../requirements.ts';
import { listTree } from '../tree.ts';
import type { Tree } from '../tree.ts';
import type { MaskFilesFormat } from './options.ts';

/** A mask of one class. */
interface MaskFile {
  readonly classIndex: number;
  readonly path: string;
}

/**
 * Lists images with a mask file for each class.
 *
 * @throws PhalanxError `dataset/missing`, `dataset/too-large`.
 */
export async function listMaskFiles(root: string, format: MaskFilesFormat): Promise<Listing> {
  const tree = await listTree(root, imageExtensions);
  const candidates = foundImages(tree, format);
  const masks = new Map(candidates.map((image) => [image.path, masksOf(tree, image, format)]));
  const used = new Set([...masks.values()].flat().map(({ path }) => path));
  const { classes, threshold } = format;
  return fileDataset({
    tree,
    classes,
    // Where both lie in one folder, masks are not images.
    images: candidates.filter(({ path }) => !used.has(path)),
    layout: format,
    settings: { masks: format.masks, threshold },
    labelsOf: ({ path }) => {
      const own = masks.get(path)!;
      return { files: own.map((mask) => mask.path), read: (size) => readMasks(own, size, format) };
    },
  });
}

function masksOf(tree: Tree, image: FoundImage, { classes, masks }: MaskFilesFormat): MaskFile[] {
  return classes.flatMap((name, classIndex) => {
    const file = labelFile(tree, filledTemplate(masks, image, name));
    return file === undefined ? [] : [{ classIndex, path: file.path }];
  });
}

/** @throws PhalanxError `annotation/…`, `image/…`. */
async function readMasks(
  masks: readonly MaskFile[],
  size: ImageSize,
  format: MaskFilesFormat,
): Promise<LabelMap> {
  const labels = createLabelMap(size.width, size.height, format.classes.length);
  for (const { classIndex, path } of masks) {
    const stored = await readStored(path, format.maxPixels, { indices: true });
    requireSize(stored, size, path);
    const { data } = requireGrey(stored, path);
    const threshold = format.threshold ?? 0;
    if (format.threshold === undefined) requireBinary(data, path);
    const plane = labels.planes[classIndex >> 5]!;
    const bit = 1 << (classIndex & 31);
    for (let i = 0; i < data.length; i++) if (data[i]! > threshold) plane[i]! |= bit;
  }
  return labels;
}

/** @throws PhalanxError `annotation/not-binary`. */
function requireBinary(data: StoredArray, path: string): void {
  const foreground = data.find((value) => value !== 0);
  const other = data.find((value) => value !== 0 && value !== foreground);
  if (foreground === undefined || other === undefined) return;
  throw new PhalanxError('annotation/not-binary', {
    what: 'The mask has more than one value besides 0',
    where: path,
    expected: '0 and one other value',
    received: `0, ${foreground}, ${other}`,
    fix: 'Check that this is a mask and not an image; if it is one, set data.format.threshold',
  });
}
