import type { Random } from '../../src/core/random.ts';
import type { Raster } from '../../src/pixels/geometry.ts';
import type { Image } from '../../src/pixels/image.ts';

/** Noise in image and planes. */
export function randomRaster(
  random: Random,
  width: number,
  height: number,
  channels: Image['channels'],
  planes = 1,
): Raster {
  const data = Uint8Array.from({ length: width * height * channels }, () => random.integer(0, 256));
  return {
    image: { width, height, channels, data },
    planes: Array.from({ length: planes }, () =>
      Uint32Array.from({ length: width * height }, () => random.bits()),
    ),
  };
}
