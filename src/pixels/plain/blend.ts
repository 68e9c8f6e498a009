import { blendUnit } from '../blend.ts';
import type { Image } from '../image.ts';
import { roundHalfEven } from '../rounding.ts';

/** The twin of the native `blend`. */
export function blendImagesPlain(first: Image, second: Image, share: number): Image {
  const weight = Math.round(share * blendUnit);
  const data = first.data.map((value, i) => {
    return roundHalfEven((value * (blendUnit - weight) + second.data[i]! * weight) / blendUnit);
  });
  return { ...first, data };
}
