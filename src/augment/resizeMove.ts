import type { Interpolation } from '../pixels/geometry.ts';
import type { ImageSize } from '../pixels/image.ts';
import type { Move } from './move.ts';

/** A resize as albumentations chooses its interpolation. */
export function resizeMove(
  from: ImageSize,
  { width, height }: ImageSize,
  options: { readonly interpolation: Interpolation; readonly areaForDownscale: 'image' | null },
): Move {
  const shrinks = from.width > width || from.height > height;
  const method = shrinks && options.areaForDownscale === 'image' ? 'area' : options.interpolation;
  return { kind: 'resize', size: { width, height }, method };
}
