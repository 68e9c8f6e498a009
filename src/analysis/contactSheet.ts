import { HorizontalAlign, Jimp, VerticalAlign, loadFont } from 'jimp';
import { SANS_16_WHITE } from 'jimp/fonts';
import sharp from 'sharp';
import { bytesOf } from '../core/bytes.ts';
import { PhalanxError } from '../core/errors.ts';
import type { Image } from '../pixels/image.ts';
import { pipelineOf } from './pictures.ts';

export interface ContactSheetOptions {
  /** Default: about as many columns as rows. */
  readonly columns?: number;
  /** One caption under each image, in Latin letters (the built-in bitmap font has no others). */
  readonly captions?: readonly string[];
  /** Side of the square that each image is fitted into, pixels. */
  readonly tile?: number;
}

const gap = 8;
const captionHeight = 26;
const background = { r: 17, g: 19, b: 23 };

/**
 * Images side by side on a dark sheet, row by row.
 *
 * @returns an RGB image; `pipelineOf(sheet).png().toFile(path)` writes it.
 * @throws PhalanxError `analysis/contact-sheet` for no images, a size that is not whole, or a sheet beyond 400
 *   megapixels.
 */
export async function contactSheet(
  images: readonly Image[],
  options: ContactSheetOptions = {},
): Promise<Image> {
  const { captions, tile = 320, columns = Math.ceil(Math.sqrt(images.length)) } = options;
  const across = Math.min(columns, images.length);
  const rows = Math.ceil(images.length / across);
  const line = tile + (captions === undefined ? 0 : captionHeight);
  const [width, height] = [across * (tile + gap) + gap, rows * (line + gap) + gap];
  if (!Number.isInteger(width * height) || width < 1 || height < 1 || width * height > 4e8)
    throw new PhalanxError('analysis/contact-sheet', {
      what: 'A contact sheet cannot be laid out',
      expected: 'at least one image, whole columns and tile sizes, at most 400 megapixels in all',
      received: `${images.length} images, ${columns} columns, tiles of ${tile} px`,
    });
  const layers = await Promise.all(
    images.map(async (image, index) => {
      const left = gap + (index % across) * (tile + gap);
      const top = gap + Math.floor(index / across) * (line + gap);
      const fitted = await pipelineOf(image)
        .resize(tile, tile, { fit: 'contain', background })
        .toColourspace('srgb')
        .removeAlpha()
        .png({ compressionLevel: 0 })
        .toBuffer();
      const picture = { input: fitted, left, top };
      const text = captions?.[index];
      if (text === undefined || text === '') return [picture];
      const strip = await caption(text, tile);
      return [picture, { ...strip, left, top: top + tile }];
    }),
  );
  const data = await sharp({ create: { width, height, channels: 3, background } })
    .composite(layers.flat())
    .removeAlpha()
    .raw()
    .toBuffer();
  return { width, height, channels: 3, data: bytesOf(data) };
}

type Font = Awaited<ReturnType<typeof loadFont>>;
let font: Promise<Font> | undefined;

async function caption(
  text: string,
  width: number,
): Promise<{ input: Buffer; raw: { width: number; height: number; channels: 4 } }> {
  font ??= loadFont(SANS_16_WHITE);
  const loaded = await font;
  const strip = new Jimp({ width, height: captionHeight });
  strip.print({
    font: loaded,
    x: 0,
    y: 0,
    text: { text: fit(text, width), alignmentX: HorizontalAlign.CENTER, alignmentY: VerticalAlign.MIDDLE },
    maxWidth: width,
    maxHeight: captionHeight,
  });
  return { input: strip.bitmap.data, raw: { width, height: captionHeight, channels: 4 } };
}

/** Cuts a text that would need a second line; the font's letters are about 9 pixels wide. */
function fit(text: string, width: number): string {
  const room = Math.max(3, Math.floor(width / 9));
  return text.length <= room ? text : `${text.slice(0, room - 3)}...`;
}
