import type { AffineMatrix } from '../../pixels/affine.ts';
import { affineProduct } from '../../pixels/affine.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { affineMove, warpOptions } from '../affine.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import { symmetricRange } from '../ranges.ts';

/** Rotates by an angle in degrees (counter-clockwise as seen) and shrinks, so that nothing leaves the image. */
export const SafeRotate = defineGeometric(
  'SafeRotate',
  { limit: symmetricRange([-90, 90], [-3600, 3600]), ...warpOptions, p: probability(0.5) },
  (size, options, random) => [affineMove(safeMatrix(size, random.uniform(...options.limit)), size, options)],
);

export const safeRotate = builderOf(SafeRotate);

/** albumentations' `_create_safe_rotate_matrix`. */
function safeMatrix({ width, height }: ImageSize, degrees: number): AffineMatrix {
  const angle = (degrees * Math.PI) / 180;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const [cx, cy] = [width / 2 - 0.5, height / 2 - 0.5];
  const newWidth = Math.trunc(height * Math.abs(sin) + width * Math.abs(cos));
  const newHeight = Math.trunc(height * Math.abs(cos) + width * Math.abs(sin));
  const x = (1 - cos) * cx - sin * cy + newWidth / 2 - cx;
  const y = sin * cx + (1 - cos) * cy + newHeight / 2 - cy;
  return affineProduct([width / newWidth, 0, 0, 0, height / newHeight, 0], [cos, sin, x, -sin, cos, y]);
}
