import { z } from 'zod';
import type { Random } from '../core/random.ts';
import { maxChannels } from '../pixels/image.ts';

type Bounds = readonly [low: number, high: number];
const pair = z.tuple([z.number(), z.number()]).readonly();

function ordered(low: number, high: number) {
  const between = `between ${low} and ${high}`;
  return (range: Bounds): boolean | string =>
    range[0] <= range[1] && range[0] >= low && range[1] <= high ? true : between;
}

/** A range `[low, high]`, both within the bounds; parameters are drawn uniformly from it. */
export function range(byDefault: Bounds, [low, high]: Bounds) {
  return pair
    .refine((value) => ordered(low, high)(value) === true, {
      error: `expected [low, high] with low ≤ high, both from ${low} to ${high}`,
    })
    .prefault(byDefault);
}

/** A range `[low, high]`, or one number `v` for `[-v, v]`, within the bounds. */
export function symmetricRange(byDefault: Bounds, [low, high]: Bounds) {
  return rangeOrNumber(byDefault, [low, high], (value) => [-value, value]);
}

/** A range `[low, high]`, or one number `v` for `[from, v]`, within the bounds. */
export function rangeFrom(from: number, byDefault: number | Bounds, [low, high]: Bounds) {
  return rangeOrNumber(byDefault, [low, high], (value) => [from, value]);
}

/** A range `[low, high]`, or one number for exactly that value, within the bounds. */
export function rangeOrValue(byDefault: number | Bounds, bounds: Bounds) {
  return rangeOrNumber(byDefault, bounds, (value) => [value, value]);
}

function rangeOrNumber(byDefault: number | Bounds, [low, high]: Bounds, expand: (value: number) => Bounds) {
  const schema = z
    .union([z.number(), pair])
    .transform((value): Bounds => (typeof value === 'number' ? expand(value) : value))
    .refine((value) => ordered(low, high)(value) === true, {
      error: `expected a number or [low, high] with low ≤ high, both from ${low} to ${high}`,
    });
  return schema.prefault(byDefault);
}

/** A whole number of pixels, at least 1. */
export const side = z.int().min(1).max(65536);

/** What a `constant` border or a hole is filled with: a grey value, or one per channel. */
export const fill = z
  .union([z.number().min(0).max(255), z.array(z.number().min(0).max(255)).min(1).max(maxChannels).readonly()])
  .default(0);

/** Sides of a filter's window in pixels, `[low, high]`, or one number `v` for `[3, v]`; even ones count as the next odd. */
export function windowSides(byDefault: Bounds) {
  return rangeFrom(3, byDefault, [3, 255]);
}

/** An odd number from a range of window sides, each as likely. */
export function drawOdd([low, high]: Bounds, random: Random): number {
  const [first, last] = [low, high].map((value) => 2 * Math.floor(value / 2) + 1) as [number, number];
  return first + 2 * random.integer(0, (last - first) / 2 + 1);
}
