import sharp from 'sharp';
import type { Image } from '../pixels/image.ts';

/** The bytes of a PNG file of the image. */
export async function encodePng({ data, width, height, channels }: Image): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels } }).png().toBuffer();
}
