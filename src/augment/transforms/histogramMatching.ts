import { z } from 'zod';
import { readImageFile } from '../../data/imageFile.ts';
import { lookUpTable } from '../../pixels/filters.ts';
import type { Image } from '../../pixels/image.ts';
import { resizeImage } from '../../pixels/resize.ts';
import { roundHalfEven } from '../../pixels/rounding.ts';
import { builderOf, defineTransform, greyOrColour, probability } from '../definition.ts';
import { range } from '../ranges.ts';
import { withImage } from '../sample.ts';

/**
 * Gives the image the histogram of a reference image, drawn from the files (paths from the folder the command runs in),
 * channel by channel, and blends the result with the image. As albumentations does, the reference is first resized to
 * the image's size.
 */
export const HistogramMatching = defineTransform(
  'HistogramMatching',
  {
    referenceImages: z.array(z.string().min(1).max(4096)).min(1).max(1000).readonly(),
    /** Weight of the matched image. */
    blendRatio: range([0.5, 1], [0, 1]),
    p: probability(0.5),
  },
  async (sample, options, random) => {
    const path = random.choice(options.referenceImages);
    const ratio = random.uniform(...options.blendRatio);
    const { image } = sample;
    const reference = await referenceHistograms(path, image);
    const tables = new Uint8Array(256 * image.channels);
    for (const [c, histogram] of histogramsOf(image).entries()) {
      const matched = matchingTable(histogram, reference[c] ?? histogram);
      for (let v = 0; v < 256; v++) {
        tables[256 * c + v] = roundHalfEven(ratio * matched[v]! + (1 - ratio) * v);
      }
    }
    return withImage(sample, await lookUpTable(image, tables));
  },
  // Reference images are files, grey or in colours.
  { channelDefect: greyOrColour },
);

export const histogramMatching = builderOf(HistogramMatching);

type Histogram = Uint32Array;

/** One for each channel. */
function histogramsOf({ data, channels }: Image): Histogram[] {
  const histograms = Array.from({ length: channels }, () => new Uint32Array(256));
  for (let i = 0; i < data.length; i++) histograms[i % channels]![data[i]!]!++;
  return histograms;
}

/** Those of reference images at the sizes they were wanted in, the latest last. */
const known = new Map<string, Promise<Histogram[]>>();
const most = 1000;

function referenceHistograms(path: string, like: Image): Promise<Histogram[]> {
  const { width, height } = like;
  const channels = like.channels === 1 ? 1 : 3;
  const key = JSON.stringify([path, width, height, channels]);
  let histograms = known.get(key);
  if (histograms === undefined) {
    histograms = readImageFile(path, { channels }).then(async (image) => {
      const same = image.width === width && image.height === height;
      return histogramsOf(same ? image : await resizeImage(image, { width, height }, 'linear'));
    });
    // What could not be read may be readable later.
    histograms.catch(() => known.delete(key));
    known.set(key, histograms);
    for (const oldest of known.keys()) {
      if (known.size <= most) break;
      known.delete(oldest);
    }
  }
  return histograms;
}

/** For every value, that of the reference at the same quantile, linear between its values, fractions dropped. */
function matchingTable(source: Histogram, reference: Histogram): Uint8Array {
  const total = (histogram: Histogram): number => histogram.reduce((sum, count) => sum + count, 0);
  const [sourceTotal, referenceTotal] = [total(source), total(reference)];
  const values: number[] = [];
  const quantiles: number[] = [];
  let below = 0;
  for (const [value, count] of reference.entries()) {
    if (count === 0) continue;
    below += count;
    values.push(value);
    quantiles.push(below / referenceTotal);
  }
  let seen = 0;
  let j = 0;
  return Uint8Array.from(source, (count) => {
    seen += count;
    const quantile = seen / sourceTotal;
    while (j < quantiles.length && quantiles[j]! < quantile) j++;
    if (j === 0) return values[0]!;
    if (j === quantiles.length) return values.at(-1)!;
    const slope = (values[j]! - values[j - 1]!) / (quantiles[j]! - quantiles[j - 1]!);
    return quantiles[j] === quantile ? values[j]! : slope * (quantile - quantiles[j - 1]!) + values[j - 1]!;
  });
}
