import type { Image } from './image.ts';
import { uninitialized } from './memory.ts';

/** The channel that stands for an image of neither one channel nor three: the middle one, or that before the middle. */
export function middleChannel(channels: number): number {
  return (channels - 1) >> 1;
}

/**
 * What can be looked at of an image: itself if it has one channel or three, else its middle channel, which of slices
 * stacked with their neighbours is of the slice itself.
 */
export function pictureOf(image: Image): Image {
  const { width, height, channels, data } = image;
  if (channels === 1 || channels === 3) return image;
  const grey = uninitialized(width * height);
  for (let pixel = 0, i = middleChannel(channels); pixel < grey.length; pixel++, i += channels) {
    grey[pixel] = data[i]!;
  }
  return { width, height, channels: 1, data: grey };
}
