import type { ImageSize } from '../../pixels/image.ts';
import type { SlidingWindow } from './options.ts';

/** Deviation of the Gaussian, as a share of the window's side (nnU-Net's and MONAI's). */
const deviation = 1 / 8;

/** Least weight, so that no pixel is divided by nothing (MONAI's). */
const least = 1e-3;

/**
 * How much each pixel of a window counts, `[height, width]`: 1 or, as MONAI's `compute_importance_map` in single precision,
 * a Gaussian of the distance from the centre. nnU-Net's centre lies half a pixel further for even sides.
 */
export function importanceMap({ width, height }: ImageSize, weights: SlidingWindow['weights']): Float32Array {
  if (weights === 'uniform') return new Float32Array(width * height).fill(1);
  const [rows, columns] = [gaussian(height), gaussian(width)];
  return Float32Array.from({ length: width * height }, (_, i) =>
    Math.max(least, rows[Math.floor(i / width)]! * columns[i % width]!),
  );
}

function gaussian(length: number): Float32Array {
  const sigma = length * deviation;
  return Float32Array.from({ length }, (_, i) => Math.exp(-((i - (length - 1) / 2) ** 2) / (2 * sigma ** 2)));
}
