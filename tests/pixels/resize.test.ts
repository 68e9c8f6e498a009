import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { Image, ImageSize } from '../../src/pixels/image.ts';
import { resizeImagePlain, resizePlanesPlain } from '../../src/pixels/plain/resize.ts';
import { resize, resizeImage, resizePlanes } from '../../src/pixels/resize.ts';
import type { ResizeMethod } from '../../src/pixels/resize.ts';
import { digest, golden, pattern } from '../labels/goldens.ts';

type Case = Readonly<Record<ResizeMethod, string>> & {
  readonly from: readonly [width: number, height: number];
  readonly to: readonly [width: number, height: number];
  readonly channels: Image['channels'];
};

interface NearestCase {
  readonly from: readonly [width: number, height: number];
  readonly to: readonly [width: number, height: number];
  readonly sha256: string;
}

function noise(width: number, height: number, channels: Image['channels']): Image {
  const data = Uint8Array.from(pattern(width, height, channels), (value) => value & 255);
  return { width, height, channels, data };
}

function sizeOf([width, height]: readonly [number, number]): ImageSize {
  return { width, height };
}

describe.each(['area', 'linear', 'nearest'] as const)('resizeImage: %s', (method) => {
  it("has the pixels of OpenCV's", async () => {
    for (const { from, to, channels, [method]: sha256 } of golden<Case>('resize.json')) {
      const resized = await resizeImage(noise(...from, channels), sizeOf(to), method);
      expect({ from, to, channels, sha256: digest(resized.data) }).toEqual({ from, to, channels, sha256 });
    }
  });

  it('equals its twin', async () => {
    const random = Random.from('resize', method);
    for (let round = 0; round < 25; round++) {
      const [width, height] = [random.integer(1, 60), random.integer(1, 60)];
      const image = noise(width, height, random.choice([1, 3, 4] as const));
      const to = sizeOf(round % 5 === 0 ? [1, 1] : [random.integer(1, 90), random.integer(1, 90)]);
      expect(await resizeImage(image, to, method)).toEqual(resizeImagePlain(image, to, method));
    }
  });

  it('halves, quarters and keeps sizes as its twin does', async () => {
    const image = noise(24, 16, 3);
    for (const sides of [
      [12, 8],
      [6, 4],
      [8, 16],
      [24, 16],
      [12, 4],
    ] as const) {
      const to = sizeOf(sides);
      expect(await resizeImage(image, to, method)).toEqual(resizeImagePlain(image, to, method));
    }
  });
});

describe('resizeImage', () => {
  const image = noise(8, 8, 3);

  it('rejects sizes and data that do not fit instead of reading beyond them', async () => {
    const rejected = (changed: Partial<Image>, width = 4, height = 4) =>
      expect(resizeImage({ ...image, ...changed }, { width, height }, 'area')).rejects.toThrow(RangeError);
    await rejected({ width: 9 });
    await rejected({ channels: 4 });
    await rejected({ channels: 2 });
    await rejected({ data: new Uint8Array(0) });
    await rejected({}, 0, 4);
    await rejected({}, 4, 2.5);
    await rejected({}, 4, 131_073);
    await expect(resizeImage(image, sizeOf([4, 4]), 'cubic' as never)).rejects.toThrow(
      'unknown method cubic',
    );
    const floats = new Float32Array(192) as unknown as Uint8Array;
    await expect(resizeImage({ ...image, data: floats }, sizeOf([4, 4]), 'area')).rejects.toThrow(TypeError);
  });
});

describe('resizePlanes', () => {
  it("takes the pixels of OpenCV's INTER_NEAREST", async () => {
    for (const { from, to, sha256 } of golden<NearestCase>('nearest.json')) {
      const [resized] = await resizePlanes([pattern(...from)], sizeOf(from), sizeOf(to));
      expect({ from, to, sha256: digest(resized!) }).toEqual({ from, to, sha256 });
    }
  });

  it('equals its twin for every plane', async () => {
    const random = Random.from('resize planes');
    for (let round = 0; round < 10; round++) {
      const from = sizeOf([random.integer(1, 50), random.integer(1, 50)]);
      const to = sizeOf([random.integer(1, 80), random.integer(1, 80)]);
      const planes = [0, 1, 2].map(() =>
        Uint32Array.from({ length: from.width * from.height }, () => random.bits()),
      );
      expect(await resizePlanes(planes, from, to)).toEqual(resizePlanesPlain(planes, from, to));
    }
  });

  it('rejects sizes that cannot be', async () => {
    const from = sizeOf([4, 4]);
    for (const to of [
      [0, 4],
      [4, -1],
      [1.5, 4],
      [131_073, 1],
      [Number.NaN, 1],
    ] as const) {
      await expect(resizePlanes([new Uint32Array(16)], from, sizeOf(to))).rejects.toThrow(RangeError);
    }
    const tooSmall = [new Uint32Array(16), new Uint32Array(15)];
    await expect(resizePlanes(tooSmall, from, sizeOf([2, 2]))).rejects.toThrow('received 15');
  });
});

describe('resize', () => {
  it('moves image and labels alike, and needs no labels', async () => {
    const image = noise(9, 7, 3);
    const planes = [pattern(9, 7), pattern(9, 7)];
    const to = sizeOf([5, 11]);
    expect(await resize({ image, planes }, to, 'nearest')).toEqual({
      image: resizeImagePlain(image, to, 'nearest'),
      planes: resizePlanesPlain(planes, image, to),
    });
    expect((await resize({ image, planes: [] }, to, 'linear')).planes).toEqual([]);
  });
});
