import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { Image } from '../../src/pixels/image.ts';
import { resizeImagePlain } from '../../src/pixels/plain/resize.ts';
import { resizeImage } from '../../src/pixels/resize.ts';
import type { ResizeMethod } from '../../src/pixels/resize.ts';
import { digest, golden, pattern } from '../labels/goldens.ts';

type Case = Readonly<Record<ResizeMethod, string>> & {
  readonly from: readonly [width: number, height: number];
  readonly to: readonly [width: number, height: number];
  readonly channels: Image['channels'];
};

function noise(width: number, height: number, channels: Image['channels']): Image {
  const data = Uint8Array.from(pattern(width, height, channels), (value) => value & 255);
  return { width, height, channels, data };
}

describe.each(['area', 'linear', 'nearest'] as const)('resizeImage: %s', (method) => {
  it("has the pixels of OpenCV's", async () => {
    for (const { from, to, channels, [method]: sha256 } of golden<Case>('resize.json')) {
      const resized = await resizeImage(noise(...from, channels), ...to, method);
      expect({ from, to, channels, sha256: digest(resized.data) }).toEqual({ from, to, channels, sha256 });
    }
  });

  it('equals its twin', async () => {
    const random = Random.from('resize', method);
    for (let round = 0; round < 25; round++) {
      const [width, height] = [random.integer(1, 60), random.integer(1, 60)];
      const image = noise(width, height, random.choice([1, 3, 4] as const));
      const to =
        round % 5 === 0 ? ([1, 1] as const) : ([random.integer(1, 90), random.integer(1, 90)] as const);
      expect(await resizeImage(image, ...to, method)).toEqual(resizeImagePlain(image, ...to, method));
    }
  });

  it('halves, quarters and keeps sizes as its twin does', async () => {
    const image = noise(24, 16, 3);
    for (const [width, height] of [
      [12, 8],
      [6, 4],
      [8, 16],
      [24, 16],
      [12, 4],
    ] as const) {
      expect(await resizeImage(image, width, height, method)).toEqual(
        resizeImagePlain(image, width, height, method),
      );
    }
  });
});

describe('resizeImage', () => {
  const image = noise(8, 8, 3);

  it('rejects sizes and data that do not fit instead of reading beyond them', async () => {
    const rejected = (changed: Partial<Image>, width = 4, height = 4) =>
      expect(resizeImage({ ...image, ...changed }, width, height, 'area')).rejects.toThrow(RangeError);
    await rejected({ width: 9 });
    await rejected({ channels: 4 });
    await rejected({ channels: 2 as never });
    await rejected({ data: new Uint8Array(0) });
    await rejected({}, 0, 4);
    await rejected({}, 4, 2.5);
    await rejected({}, 4, 131_073);
    await expect(resizeImage(image, 4, 4, 'cubic' as never)).rejects.toThrow('unknown method cubic');
    const floats = new Float32Array(192) as unknown as Uint8Array;
    await expect(resizeImage({ ...image, data: floats }, 4, 4, 'area')).rejects.toThrow(TypeError);
  });
});
