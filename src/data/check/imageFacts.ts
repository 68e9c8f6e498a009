import { webcrypto } from 'node:crypto';
import { greyHistogram, greyMoments, greyQuantile } from '../../pixels/histogram.ts';
import type { Image } from '../../pixels/image.ts';
import { pictureOf } from '../../pixels/picture.ts';
import { resizeImage } from '../../pixels/resize.ts';
import { withChannels } from '../imageFile.ts';
import { hashSide, perceptualHashes } from './perceptualHash.ts';
import type { PerceptualHashes } from './perceptualHash.ts';

/** What a check remembers of an image's pixels: about two kilobytes. */
export interface ImageFacts {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Of size and pixels, so that encoding an image anew changes nothing. */
  readonly content: string;
  /** Smallest and largest grey value. */
  readonly lowest: number;
  readonly highest: number;
  /** Grey values that one pixel in a hundred lies below, and one in a thousand above. */
  readonly dark: number;
  readonly bright: number;
  /** Mean and standard deviation of the grey values. */
  readonly mean: number;
  readonly deviation: number;
  /** `[32, 32]` grey values, the picture squeezed into a square. */
  readonly thumbnail: Uint8Array;
  readonly hashes: PerceptualHashes;
}

export async function imageFacts(image: Image): Promise<ImageFacts> {
  const { width, height, channels, data } = image;
  const square = { width: hashSide, height: hashSide };
  const [digest, histogram, small] = await Promise.all([
    webcrypto.subtle.digest('SHA-256', data as Uint8Array<ArrayBuffer>),
    greyHistogram(image),
    resizeImage(image, square, 'area'),
  ]);
  const thumbnail = withChannels(pictureOf(small), 1).data.slice();
  return {
    width,
    height,
    channels,
    content: `${width}x${height}x${channels} ${Buffer.from(digest).toString('hex')}`,
    lowest: histogram.findIndex((pixels) => pixels > 0),
    highest: histogram.findLastIndex((pixels) => pixels > 0),
    dark: greyQuantile(histogram, 0.01),
    bright: greyQuantile(histogram, 0.999),
    ...greyMoments(histogram),
    thumbnail,
    hashes: perceptualHashes(thumbnail),
  };
}
