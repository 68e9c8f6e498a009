import type { Image } from '../image.ts';
import { borderIndex } from '../window.ts';

/** The twin of the native `medianBlur`. */
export function medianBlurPlain(image: Image, side: number): Image {
  const { width, height, channels, data } = image;
  const radius = side >> 1;
  const out = data.map((_, i) => {
    const [x, y, c] = [Math.floor(i / channels) % width, Math.floor(i / channels / width), i % channels];
    const values: number[] = [];
    for (let dy = -radius; dy <= radius; dy++) {
      const row = borderIndex(y + dy, height, 'replicate');
      for (let dx = -radius; dx <= radius; dx++) {
        values.push(data[(row * width + borderIndex(x + dx, width, 'replicate')) * channels + c]!);
      }
    }
    return values.sort((a, b) => a - b)[values.length >> 1]!;
  });
  return { ...image, data: out };
}
