import type { GreyMethod } from '../grey.ts';
import type { Image } from '../image.ts';

const greyOf: Readonly<Record<GreyMethod, (values: Uint8Array) => number>> = {
  weighted_average: ([r, g, b]) => (r! * 9798 + g! * 19235 + b! * 3735 + 16384) >> 15,
  desaturation: (values) => Math.trunc((Math.max(...values) + Math.min(...values)) / 2),
  average: (values) => Math.trunc(values.reduce((sum, value) => sum + value, 0) / values.length),
  max: (values) => Math.max(...values),
};

/** The twin of the native `toGrey`. */
export function toGreyPlain(image: Image, method: GreyMethod): Image {
  const { channels } = image;
  const data = Uint8Array.from(image.data);
  for (let i = 0; i < data.length; i += channels) {
    data.fill(greyOf[method](image.data.subarray(i, i + channels)), i, i + channels);
  }
  return { ...image, data };
}
