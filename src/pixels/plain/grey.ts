import type { GreyMethod } from '../grey.ts';
import type { Image } from '../image.ts';

const greyOf: Readonly<Record<GreyMethod, (r: number, g: number, b: number) => number>> = {
  weighted_average: (r, g, b) => (r * 9798 + g * 19235 + b * 3735 + 16384) >> 15,
  desaturation: (r, g, b) => Math.trunc((Math.max(r, g, b) + Math.min(r, g, b)) / 2),
  average: (r, g, b) => Math.trunc((r + g + b) / 3),
  max: (r, g, b) => Math.max(r, g, b),
};

/** The twin of the native `toGrey`. */
export function toGreyPlain(image: Image, method: GreyMethod): Image {
  const { channels } = image;
  const data = Uint8Array.from(image.data);
  for (let i = 0; i < data.length; i += channels) {
    data.fill(greyOf[method](data[i]!, data[i + 1]!, data[i + 2]!), i, i + 3);
  }
  return { ...image, data };
}
