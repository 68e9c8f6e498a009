import type { DenseMap } from '../elastic.ts';
import type { ImageSize } from '../image.ts';
import { borderIndex } from '../window.ts';

/** The twin of the native `noiseField`. */
export function noiseFieldPlain(seed: number, table: Float32Array, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => {
    let h = (Math.imul(i, 0x9e3779b9) + seed) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    return table[h >>> 16]!;
  });
}

function smoothed(noise: Float32Array, { width, height }: ImageSize, kernel: Float32Array): number[] {
  const radius = kernel.length >> 1;
  const pass = (values: ArrayLike<number>, along: 'x' | 'y'): number[] =>
    Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return kernel.reduce((sum, weight, k) => {
        const column = along === 'x' ? borderIndex(x + k - radius, width, 'replicate') : x;
        const row = along === 'y' ? borderIndex(y + k - radius, height, 'replicate') : y;
        return sum + weight * values[row * width + column]!;
      }, 0);
    });
  return pass(pass(noise, 'x'), 'y');
}

/** The twin of the native `elasticMaps`, in double precision and at every pixel. */
export function elasticMapPlain(
  size: ImageSize,
  noise: Float32Array,
  alpha: number,
  kernel: Float32Array,
): DenseMap {
  const count = size.width * size.height;
  const all = smoothed(noise, { width: size.width, height: noise.length / size.width }, kernel);
  const [dx, dy] = [all.slice(0, count), all.slice(noise.length - count)];
  return {
    x: Float32Array.from(dx, (shift, i) => (i % size.width) + alpha * shift),
    y: Float32Array.from(dy, (shift, i) => Math.floor(i / size.width) + alpha * shift),
  };
}
