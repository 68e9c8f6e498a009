import { blendUnit } from '../blend.ts';
import type { Image } from '../image.ts';

/** The twin of the native `blend`. */
export function blendImagesPlain(first: Image, second: Image, share: number): Image {
  const weight = Math.round(share * blendUnit);
  const data = first.data.map((value, i) => {
    const sum = value * (blendUnit - weight) + second.data[i]! * weight;
    return Math.floor((sum + blendUnit / 2) / blendUnit);
  });
  return { ...first, data };
}
