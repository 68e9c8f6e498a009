import type { Image } from '../image.ts';
import { roundHalfEven } from '../rounding.ts';
import { borderIndex } from '../window.ts';
import { fusedMultiplyAdd } from './rounded.ts';

const { fround } = Math;

function blurred(
  values: Float32Array,
  { width, height, channels }: Image,
  kernel: Float32Array,
): Float32Array {
  const radius = kernel.length >> 1;
  const stride = width * channels;
  const rows = values.map((_, i) => {
    const [x, y, c] = [Math.floor(i / channels) % width, Math.floor(i / stride), i % channels];
    return kernel.reduce((sum, weight, k) => {
      const column = borderIndex(x + k - radius, width, 'reflect101');
      return fusedMultiplyAdd(values[y * stride + column * channels + c]!, weight, sum);
    }, 0);
  });
  return values.map((_, i) => {
    const [place, y] = [i % stride, Math.floor(i / stride)];
    let sum = fround(rows[i]! * kernel[radius]!);
    for (let k = 1; k <= radius; k++) {
      const above = rows[borderIndex(y - k, height, 'reflect101') * stride + place]!;
      const below = rows[borderIndex(y + k, height, 'reflect101') * stride + place]!;
      sum = fusedMultiplyAdd(fround(above + below), kernel[radius + k]!, sum);
    }
    return sum;
  });
}

/** The twin of the native `unsharpMask`. */
export function unsharpMaskPlain(
  image: Image,
  kernel: Float32Array,
  alpha: number,
  threshold: number,
): Image {
  const unit = Float32Array.from(image.data, (value) => value / 255);
  const blur = blurred(unit, image, kernel);
  const mask = unit.map((value, i) => (fround(Math.abs(fround(value - blur[i]!)) * 255) > threshold ? 1 : 0));
  const soft = blurred(mask, image, kernel);
  const a = fround(alpha);
  const data = Uint8Array.from(unit, (value, i) => {
    const raised = fround(value + fround(a * fround(value - blur[i]!)));
    const sharp = Math.min(1, Math.max(0, raised));
    const mixed = fround(fround(sharp * soft[i]!) + fround(value * fround(1 - soft[i]!)));
    return Math.min(255, Math.max(0, roundHalfEven(fround(mixed * 255))));
  });
  return { ...image, data };
}
