import type { Image } from './image.ts';
import { uninitialized } from './memory.ts';
import { nativePixels } from './native.ts';

interface BlendKernels {
  /** `weight` of `second` in 65,536ths. */
  blend(first: Uint8Array, second: Uint8Array, weight: number, target: Uint8Array): Promise<unknown>;
}

/** Whole 65,536ths, in which shares of two images are counted. */
export const blendUnit = 65536;

/**
 * Averages two images of one shape, off the JavaScript thread: `(1 - share) first + share second`, rounded half to
 * even, as `cv2.addWeighted` (which rounds its float32 sums and may so differ by a grey level in a pixel of a thousand).
 *
 * @param share of the second, in [0, 1]; a whole number of 65,536ths is exact.
 */
export async function blendImages(first: Image, second: Image, share: number): Promise<Image> {
  const data = uninitialized(first.data.length);
  await nativePixels<BlendKernels>().blend(first.data, second.data, Math.round(share * blendUnit), data);
  return { ...first, data };
}
