import type { Sample } from '../../data/dataset.ts';
import { withChannels } from '../../data/imageFile.ts';
import type { Image } from '../../pixels/image.ts';
import { resize } from '../../pixels/resize.ts';
import { rasterOf, sampleOf } from '../sample.ts';

/** The sample with the size and channels of another. */
export async function fitted(sample: Sample, to: Image): Promise<Sample> {
  const alike = { ...sample, image: withChannels(sample.image, to.channels) };
  if (sample.image.width === to.width && sample.image.height === to.height) return alike;
  return sampleOf(await resize(rasterOf(alike), to, 'linear'), sample);
}
