import { tableOf } from './values.ts';
import type { Limits, Rescale, StoredArray } from './values.ts';

/**
 * Maps numbers to bytes: `(number - low) / (high - low) * 255`, cut to 0…255 and rounded to the nearest, halves up;
 * what is not a number becomes 0. Numbers of up to 16 bits go through a table.
 *
 * @param inverted gives 255 minus that, for X-rays stored as negatives.
 */
export function toBytes(
  data: StoredArray,
  { slope, intercept }: Rescale,
  { low, high }: Limits,
  inverted = false,
): Uint8Array {
  const scale = 255 / (high - low);
  const byteOf = (stored: number): number => {
    const value = Math.floor((stored * slope + intercept - low) * scale + 0.5);
    // The first comparison also catches what is not a number.
    const byte = value > 0 ? Math.min(value, 255) : 0;
    return inverted ? 255 - byte : byte;
  };
  const bytes = new Uint8Array(data.length);
  const range = tableOf(data);
  if (range === undefined || data.length < range.size) {
    for (let i = 0; i < data.length; i++) bytes[i] = byteOf(data[i]!);
    return bytes;
  }
  const { first, size } = range;
  const table = new Uint8Array(size);
  for (let index = 0; index < size; index++) table[index] = byteOf(first + index);
  for (let i = 0; i < data.length; i++) bytes[i] = table[data[i]! - first]!;
  return bytes;
}
