import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { blendImages } from '../../src/pixels/blend.ts';
import { blendImagesPlain } from '../../src/pixels/plain/blend.ts';
import * as filters from '../../src/pixels/filters.ts';
import * as plainFilters from '../../src/pixels/plain/filters.ts';
import type { AffineMatrix, Raster, WarpOptions } from '../../src/pixels/geometry.ts';
import { borderModes, flip, interpolations, warpAffine } from '../../src/pixels/geometry.ts';
import { flipPlain, warpAffinePlain } from '../../src/pixels/plain/geometry.ts';
import type { Image } from '../../src/pixels/image.ts';
import { copyWindow } from '../../src/pixels/window.ts';

const channelCounts = [1, 3, 4] as const;

function randomRaster(
  random: Random,
  width: number,
  height: number,
  channels: Image['channels'],
  planes = 1,
): Raster {
  const data = Uint8Array.from({ length: width * height * channels }, () => random.integer(0, 256));
  return {
    image: { width, height, channels, data },
    planes: Array.from({ length: planes }, () =>
      Uint32Array.from({ length: width * height }, () => random.bits()),
    ),
  };
}

function randomMatrix(random: Random, size: number): AffineMatrix {
  const angle = random.uniform(-Math.PI, Math.PI);
  const scale = random.uniform(0.4, 2);
  const shift = (): number => random.uniform(-size, size);
  return [
    scale * Math.cos(angle),
    scale * Math.sin(angle),
    shift(),
    -scale * Math.sin(angle) + random.uniform(-0.2, 0.2),
    scale * Math.cos(angle),
    shift(),
  ];
}

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

  it('warpAffine, every border, interpolation and channel count, odd sizes', async () => {
    const random = Random.from('warp');
    for (const channels of channelCounts) {
      for (const border of borderModes) {
        for (const interpolation of interpolations) {
          const raster = randomRaster(random, random.integer(1, 60), random.integer(1, 60), channels, 2);
          const options: WarpOptions = {
            matrix: randomMatrix(random, 40),
            width: random.integer(1, 70),
            height: random.integer(1, 70),
            interpolation,
            border,
            fill: [10, 20, 30, 40],
          };
          expect(await warpAffine(raster, options), `${channels} ${border} ${interpolation}`).toEqual(
            warpAffinePlain(raster, options),
          );
        }
      }
    }
  });

  it('warpAffine, inside a larger image, where eight pixels are done at a time', async () => {
    const random = Random.from('warp inside');
    for (const channels of channelCounts) {
      const raster = randomRaster(random, 131, 97, channels);
      const options: WarpOptions = {
        matrix: [1.7, 0.2, -30, -0.15, 1.6, -20],
        width: 131,
        height: 97,
        interpolation: 'linear',
        border: 'constant',
        fill: 0,
      };
      expect(await warpAffine(raster, options)).toEqual(warpAffinePlain(raster, options));
      const nearest: WarpOptions = { ...options, interpolation: 'nearest' };
      expect(await warpAffine(raster, nearest)).toEqual(warpAffinePlain(raster, nearest));
    }
  });

  it('warpAffine survives matrices that send pixels to infinity', async () => {
    const raster = randomRaster(Random.from('far'), 20, 20, 3);
    for (const matrix of [
      [1e-30, 0, 0, 0, 1e-30, 0],
      [0, 0, 0, 0, 0, 0],
      [1, 0, 1e30, 0, 1, -1e30],
    ] as const) {
      for (const border of borderModes) {
        const options: WarpOptions = {
          matrix,
          width: 16,
          height: 4,
          interpolation: 'linear',
          border,
          fill: 7,
        };
        const { image } = await warpAffine(raster, options);
        expect(image.data).toHaveLength(16 * 4 * 3);
      }
    }
  });

  it('flip', async () => {
    const random = Random.from('flip');
    for (const channels of channelCounts) {
      for (const width of [1, 5, 6, 11, 64, 67]) {
        const raster = randomRaster(random, width, 9, channels, 2);
        for (const direction of ['horizontal', 'vertical'] as const) {
          expect(await flip(raster, direction)).toEqual(flipPlain(raster, direction));
        }
      }
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
});

describe('copyWindow', () => {
  it('equals a pure translation by whole pixels, in every border mode', async () => {
    const random = Random.from('window');
    for (const border of borderModes) {
      const raster = randomRaster(random, 13, 11, 3, 2);
      const window = { x: -4, y: 3, width: 22, height: 17 };
      const matrix: AffineMatrix = [1, 0, -window.x, 0, 1, -window.y];
      const moved = await warpAffine(raster, {
        matrix,
        width: window.width,
        height: window.height,
        interpolation: 'nearest',
        border,
        fill: 9,
      });
      expect(copyWindow(raster, window, border, 9)).toEqual(moved);
    }
  });
});
