import type { Dataset, SampleEntry } from '../data/dataset.ts';
import { renderOverlay } from '../labels/overlay.ts';
import type { Image } from '../pixels/image.ts';
import { contactSheet } from './contactSheet.ts';
import { shrink } from './pictures.ts';

/** Draws samples with their labels on one sheet. */
export async function sampleSheet(
  dataset: Dataset,
  entries: readonly SampleEntry[],
  options: { readonly columns?: number; readonly tile?: number; readonly labels?: boolean } = {},
): Promise<Image> {
  const { columns = 4, tile = 300, labels = true } = options;
  const tiles: Image[] = [];
  for (const entry of entries) {
    const image = await dataset.readImage(entry);
    const annotated = labels && entry.annotationPath !== undefined;
    const small = await shrink(image, annotated ? [await dataset.readLabels(entry)] : [], tile);
    tiles.push(small.labels[0] === undefined ? small.image : renderOverlay(small.image, small.labels[0]));
  }
  return contactSheet(tiles, { columns, tile, captions: entries.map(({ id }) => id.replace(/\.\w+$/, '')) });
}
