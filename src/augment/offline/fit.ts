import type { Sample } from '../../data/dataset.ts';
import type { Image } from '../../pixels/image.ts';
import { resize } from '../../pixels/resize.ts';
import { rasterOf, sampleOf } from '../sample.ts';

/** The sample with the size and channels of another. */
export async function fitted(sample: Sample, to: Image): Promise<Sample> {
  const alike = { ...sample, image: withChannels(sample.image, to.channels) };
  if (sample.image.width === to.width && sample.image.height === to.height) return alike;
  return sampleOf(await resize(rasterOf(alike), to, 'linear'), sample);
}

function withChannels(image: Image, channels: Image['channels']): Image {
  if (image.channels === channels) return image;
  const { width, height } = image;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < channels; c++) {
      data[i * channels + c] =
        c === 3 ? 255 : image.data[i * image.channels + (image.channels === 1 ? 0 : c)]!;
    }
  }
  return { width, height, channels, data };
}
