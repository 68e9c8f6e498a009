import { z } from 'zod';
import { claheGrey, claheRgb } from '../../pixels/filters.ts';
import { builderOf, defineTransform, greyOrColour, probability } from '../definition.ts';
import { rangeFrom } from '../ranges.ts';
import { withImage } from '../sample.ts';

const tiles = z.int().min(1).max(256);

/** Contrast-limited adaptive histogram equalization: of a grey image, or of the lightness of an RGB image. */
export const CLAHE = defineTransform(
  'CLAHE',
  {
    clipLimit: rangeFrom(1, 4, [1, 1000]),
    tileGridSize: z.tuple([tiles, tiles]).readonly().default([8, 8]),
    p: probability(0.5),
  },
  async (sample, options, random) => {
    const clipLimit = random.uniform(...options.clipLimit);
    const [tilesX, tilesY] = options.tileGridSize;
    const { image } = sample;
    const { width, height } = image;
    if (image.channels === 1) {
      const data = await claheGrey(image.data, width, height, clipLimit, tilesX, tilesY);
      return withImage(sample, { ...image, data });
    }
    return withImage(sample, await claheRgb(image, clipLimit, tilesX, tilesY));
  },
  { channelDefect: greyOrColour },
);

export const clahe = builderOf(CLAHE);
