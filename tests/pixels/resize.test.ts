import { describe, expect, it } from 'vitest';
import { resizeImage } from '../../src/pixels/resize.ts';
import type { ResizeMethod } from '../../src/pixels/resize.ts';
import { digest, golden, pattern } from '../labels/goldens.ts';

type Case = Readonly<Record<ResizeMethod, string>> & {
  readonly from: readonly [width: number, height: number];
  readonly to: readonly [width: number, height: number];
  readonly channels: 1 | 3 | 4;
};

describe.each(['area', 'linear', 'nearest'] as const)('resizeImage: %s', (method) => {
  it.each(
    golden<Case>('resize.json').map(
      (one) => [`${one.from.join('×')}×${one.channels} to ${one.to.join('×')}`, one] as const,
    ),
  )("has the pixels of OpenCV's: %s", async (_, one) => {
    const [width, height] = one.from;
    const data = Uint8Array.from(pattern(width, height, one.channels), (value) => value & 255);
    const resized = await resizeImage({ width, height, channels: one.channels, data }, ...one.to, method);
    expect(digest(resized.data)).toBe(one[method]);
  });
});
