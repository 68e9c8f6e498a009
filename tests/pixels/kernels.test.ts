import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { blendImages } from '../../src/pixels/blend.ts';
import { blendImagesPlain } from '../../src/pixels/plain/blend.ts';
import * as filters from '../../src/pixels/filters.ts';
import * as plainFilters from '../../src/pixels/plain/filters.ts';
import { elasticKernel, elasticMap, elasticStride, noiseField } from '../../src/pixels/elastic.ts';
import { smoothingKernel } from '../../src/pixels/gaussian.ts';
import { greyMethods, toGrey } from '../../src/pixels/grey.ts';
import type { Image } from '../../src/pixels/image.ts';
import { medianBlur } from '../../src/pixels/median.ts';
import { normalQuantiles } from '../../src/pixels/normal.ts';
import { elasticMapPlain, noiseFieldPlain } from '../../src/pixels/plain/elastic.ts';
import { toGreyPlain } from '../../src/pixels/plain/grey.ts';
import { medianBlurPlain } from '../../src/pixels/plain/median.ts';
import { unsharpMaskPlain } from '../../src/pixels/plain/unsharp.ts';
import { unsharpMask } from '../../src/pixels/unsharp.ts';
import { randomRaster } from './rasters.ts';

const channelCounts = [1, 2, 3, 4, 7];

describe('native kernels against their TypeScript twins', () => {
  it('blend, every share and odd sizes', async () => {
    const random = Random.from('blend');
    for (const share of [0, 1, 0.5, 1 / 65536, random.uniform(), random.uniform()]) {
      const [width, height] = [random.integer(1, 60), random.integer(1, 60)];
      const [first, second] = [1, 2].map(() => randomRaster(random, width, height, 3).image) as [
        Image,
        Image,
      ];
      const blended = await blendImages(first, second, share);
      expect(blended, String(share)).toEqual(blendImagesPlain(first, second, share));
      if (share === 0 || share === 1) expect(blended).toEqual(share === 0 ? first : second);
    }
  });

  it('lookUpTable, convolve3x3, convolveSeparable, claheGrey, claheRgb, addNormalNoise', async () => {
    const random = Random.from('filters');
    for (const channels of channelCounts) {
      for (const [width, height] of [
        [1, 1],
        [2, 3],
        [37, 21],
        [90, 64],
      ] as const) {
        const { image } = randomRaster(random, width, height, channels);
        const table = Uint8Array.from({ length: 256 }, () => random.integer(0, 256));
        expect(await filters.lookUpTable(image, table)).toEqual(plainFilters.lookUpTablePlain(image, table));
        const tables = Uint8Array.from({ length: 256 * channels }, () => random.integer(0, 256));
        expect(await filters.lookUpTable(image, tables)).toEqual(
          plainFilters.lookUpTablePlain(image, tables),
        );
        const kernel = Float32Array.from({ length: 9 }, () => random.uniform(-1, 1.5));
        expect(await filters.convolve3x3(image, kernel)).toEqual(
          plainFilters.convolve3x3Plain(image, kernel),
        );
        const half = [0.1, 0.2, 0.4, 0.2, 0.1];
        const symmetric = Float32Array.from(half);
        expect(await filters.convolveSeparable(image, symmetric)).toEqual(
          plainFilters.convolveSeparablePlain(image, symmetric),
        );
        for (const shared of [true, false]) {
          const noise = { seed: random.bits(), mean: -3, standardDeviation: 40, shared };
          expect(await filters.addNormalNoise(image, noise)).toEqual(
            plainFilters.addNormalNoisePlain(image, noise),
          );
        }
      }
    }
    for (const [width, height] of [
      [64, 48],
      [61, 45],
      [9, 8],
    ] as const) {
      const { image } = randomRaster(random, width, height, 1);
      for (const clipLimit of [0, 1, 3.7]) {
        expect(await filters.claheGrey(image.data, width, height, clipLimit, 8, 4)).toEqual(
          plainFilters.claheGreyPlain(image.data, width, height, clipLimit, 8, 4),
        );
        const colour = randomRaster(random, width, height, 3).image;
        expect(await filters.claheRgb(colour, clipLimit, 8, 4)).toEqual(
          plainFilters.claheRgbPlain(colour, clipLimit, 8, 4),
        );
      }
    }
  });

  it('medianBlur, toGrey, unsharpMask', async () => {
    const random = Random.from('more filters');
    for (const channels of channelCounts) {
      for (const [width, height] of [
        [1, 1],
        [3, 2],
        [31, 9],
      ] as const) {
        const { image } = randomRaster(random, width, height, channels);
        for (const side of [3, 5, 7, 9]) {
          expect(await medianBlur(image, side), `${side}`).toEqual(medianBlurPlain(image, side));
        }
        const kernel = smoothingKernel(5, 1.3);
        expect(await unsharpMask(image, kernel, 0.4, 20)).toEqual(unsharpMaskPlain(image, kernel, 0.4, 20));
        if (channels === 1) continue;
        for (const method of greyMethods) {
          if (method === 'weighted_average' && channels !== 3) continue;
          expect(await toGrey(image, method), method).toEqual(toGreyPlain(image, method));
        }
      }
    }
  });

  it('noiseField, elasticMap', async () => {
    const table = Float32Array.from(normalQuantiles());
    const noise = await noiseField(4_000_000_000, table, 2 * 47 * 38);
    expect(noise).toEqual(noiseFieldPlain(4_000_000_000, table, 2 * 47 * 38));
    for (const sigma of [1.5, 7, 13, 25]) {
      const kernel = elasticKernel(sigma);
      const size = { width: 47, height: 38 };
      const plain = elasticMapPlain(size, noise, 300, kernel);
      const native = await elasticMap(size, noise, 300, sigma, kernel);
      const most = Math.max(...plain.x.map((value, i) => Math.abs(value - (i % 47))));
      for (const axis of ['x', 'y'] as const) {
        const error = Math.max(...native[axis].map((value, i) => Math.abs(value - plain[axis][i]!)));
        expect(error, `${axis}, sigma ${sigma}`).toBeLessThan(elasticStride(sigma) > 1 ? 2e-4 * most : 1e-4);
      }
    }
  });
});
