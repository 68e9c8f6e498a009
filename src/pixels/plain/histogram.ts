import type { GreyHistogram } from '../histogram.ts';
import type { Image } from '../image.ts';
import { middleChannel } from '../picture.ts';

/** The twin of `greyHistogram`. */
export function greyHistogramPlain({ data, width, height, channels }: Image): GreyHistogram {
  const counts = new Float64Array(256);
  for (let i = 0; i < width * height; i++) {
    const [red, green, blue] = data.subarray(i * channels, i * channels + 3);
    const luminance = (red! * 9798 + green! * 19235 + blue! * 3735 + 16384) >> 15;
    const grey = channels === 3 ? luminance : data[i * channels + middleChannel(channels)]!;
    counts[grey]! += 1;
  }
  return counts;
}
