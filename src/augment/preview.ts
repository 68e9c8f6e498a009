import sharp from 'sharp';
import { Random } from '../core/random.ts';
import type { Sample } from '../data/dataset.ts';
import { renderOverlay } from '../labels/overlay.ts';
import type { Image } from '../pixels/image.ts';
import { createImage } from '../pixels/image.ts';
import type { TransformSpec } from './spec.ts';
import { buildTransform } from './build.ts';

export interface PreviewOptions {
  /** Pictures per row, the untouched sample first. */
  readonly columns?: number;
  /** Longest side of a picture in the sheet, pixels. */
  readonly cellSize?: number;
  readonly seed?: number;
  /** Draw the labels over the images. */
  readonly overlay?: boolean;
}

const gap = 4;

/**
 * A contact sheet: each sample in a row, first as it is, then transformed with different random draws. The same
 * seed gives the same sheet.
 *
 * @returns a PNG file's bytes.
 */
export async function augmentationSheet(
  samples: readonly Sample[],
  spec: TransformSpec,
  { columns = 6, cellSize = 256, seed = 0, overlay = true }: PreviewOptions = {},
): Promise<Uint8Array> {
  const transform = buildTransform(spec);
  const pictures = samples.flatMap((sample, row) =>
    Array.from({ length: columns }, async (_, column) => {
      const shown =
        column === 0 ? sample : await transform(sample, Random.from(seed, 'preview', row, column));
      return fitted(overlay ? renderOverlay(shown.image, shown.labels) : shown.image, cellSize);
    }),
  );
  return contactSheet(await Promise.all(pictures), columns, cellSize);
}

/**
 * Pictures side by side on a dark ground, `columns` to a row, each centred in a square cell.
 *
 * @returns a PNG file's bytes.
 */
export async function contactSheet(
  pictures: readonly Image[],
  columns: number,
  cellSize: number,
): Promise<Uint8Array> {
  const rows = Math.ceil(pictures.length / columns);
  const step = cellSize + gap;
  const width = Math.max(1, Math.min(columns, pictures.length)) * step + gap;
  const height = Math.max(1, rows) * step + gap;
  const sheet = createImage(width, height, 3);
  sheet.data.fill(40);
  for (const [index, picture] of pictures.entries()) {
    const left = gap + (index % columns) * step + Math.floor((cellSize - picture.width) / 2);
    const top = gap + Math.floor(index / columns) * step + Math.floor((cellSize - picture.height) / 2);
    for (let y = 0; y < picture.height; y++) {
      const row = picture.data.subarray(y * picture.width * 3, (y + 1) * picture.width * 3);
      sheet.data.set(row, ((top + y) * width + left) * 3);
    }
  }
  return sharp(sheet.data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** As RGB, shrunk or enlarged to fit the cell. */
async function fitted({ width, height, channels, data }: Image, cellSize: number): Promise<Image> {
  const { data: resized, info } = await sharp(data, { raw: { width, height, channels } })
    .resize({ width: cellSize, height: cellSize, fit: 'inside' })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data: resized };
}
