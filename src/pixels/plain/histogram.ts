import type { GreyHistogram } from '../histogram.ts';
import type { Image } from '../image.ts';

/** The twin of `greyHistogram`. */
export function greyHistogramPlain({ data, width, height, channels }: Image): GreyHistogram {
  const counts = new Float64Array(256);
  for (let i = 0; i < width * height; i++) {
    const [red, green, blue] = data.subarray(i * channels, i * channels + 3);
    const grey = channels === 1 ? red! : (red! * 9798 + green! * 19235 + blue! * 3735 + 16384) >> 15;
    counts[grey]! += 1;
  }
  return counts;
}
