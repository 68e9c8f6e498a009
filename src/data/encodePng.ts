import sharp from 'sharp';
import type { PngOptions } from 'sharp';
import { PhalanxError } from '../core/errors.ts';
import type { Image } from '../pixels/image.ts';

/**
 * The bytes of a PNG file of the image.
 *
 * @throws PhalanxError `image/png-channels` for another number of channels than 1 or 3: a PNG file's second or fourth
 *   would be read as transparency, and it has no more.
 */
export async function encodePng(
  { data, width, height, channels }: Image,
  options: PngOptions = {},
): Promise<Uint8Array> {
  if (channels !== 1 && channels !== 3) {
    throw new PhalanxError('image/png-channels', {
      what: 'The image cannot be written as a PNG file',
      expected: '1 or 3 channels',
      received: `${channels} channels`,
    });
  }
  return sharp(data, { raw: { width, height, channels } }).png(options).toBuffer();
}
