import type { Image } from './image.ts';
import { uninitialized } from './memory.ts';
import { nativePixels } from './native.ts';

interface UnsharpKernels {
  unsharpMask(
    source: Uint8Array,
    width: number,
    height: number,
    channels: number,
    kernel: Float32Array,
    alpha: number,
    threshold: number,
    target: Uint8Array,
  ): Promise<unknown>;
}

/**
 * Adds `alpha` times what a blur takes away, where that is more than `threshold` grey levels, softly: where it is so is
 * blurred by the same kernel. As albumentations' `unsharp_mask`, in float32; borders mirrored.
 *
 * @param kernel Odd, symmetric, sums to 1; along rows and columns.
 */
export async function unsharpMask(
  image: Image,
  kernel: Float32Array,
  alpha: number,
  threshold: number,
): Promise<Image> {
  const { width, height, channels } = image;
  const data = uninitialized(image.data.length);
  const kernels = nativePixels<UnsharpKernels>();
  await kernels.unsharpMask(image.data, width, height, channels, kernel, alpha, threshold, data);
  return { ...image, data };
}
