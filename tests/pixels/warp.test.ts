import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { AffineMatrix } from '../../src/pixels/affine.ts';
import { affineProduct, invertAffine } from '../../src/pixels/affine.ts';
import { borderModes, interpolations } from '../../src/pixels/geometry.ts';
import { reorientPlain } from '../../src/pixels/plain/symmetry.ts';
import { warpPlain } from '../../src/pixels/plain/warp.ts';
import {
  reorient,
  reorientedSize,
  symmetries,
  symmetryMatrix,
  symmetryProduct,
} from '../../src/pixels/symmetry.ts';
import type { Warp, WarpMap, WarpStep } from '../../src/pixels/warp.ts';
import { warp } from '../../src/pixels/warp.ts';
import { copyWindow } from '../../src/pixels/window.ts';
import { randomRaster } from './rasters.ts';

const channelCounts = [1, 2, 3, 4, 9];

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

/** A map of every kind, from an output of the given size. */
function randomMaps(random: Random, width: number, height: number): WarpMap[] {
  const table = (length: number, spread: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => i * 0.8 + random.uniform(-spread, spread));
  const dense = (column: boolean): Float32Array =>
    Float32Array.from(
      { length: width * height },
      (_, i) => (column ? i % width : Math.floor(i / width)) + random.uniform(-9, 9),
    );
  return [
    { kind: 'affine', matrix: invertAffine(randomMatrix(random, 20)) },
    {
      kind: 'perspective',
      matrix: [1.1, 0.1, -3, -0.05, 0.9, 2, random.uniform(-0.01, 0.01), random.uniform(-0.01, 0.01), 1],
    },
    { kind: 'separable', x: table(width, 3), y: table(height, 3) },
    {
      kind: 'radial',
      centre: [width / 2, height / 2],
      sourceCentre: [width / 3, height / 2],
      unit: [width, height],
      coefficients: [0.4, -0.3],
    },
    { kind: 'dense', x: dense(true), y: dense(false) },
  ];
}

function affineWarp(
  matrix: AffineMatrix,
  from: { width: number; height: number },
  options: Omit<Warp, 'steps'>,
): Warp {
  const { width, height } = from;
  return {
    ...options,
    steps: [{ map: { kind: 'affine', matrix: invertAffine(matrix) }, width, height, fold: 'none' }],
  };
}

describe('warp against its TypeScript twin', () => {
  it('every map, border, interpolation and channel count, odd sizes', async () => {
    const random = Random.from('warp');
    for (const channels of channelCounts) {
      for (const border of borderModes) {
        for (const interpolation of interpolations) {
          const raster = randomRaster(random, random.integer(1, 60), random.integer(1, 60), channels, 2);
          const [width, height] = [random.integer(1, 70), random.integer(1, 70)];
          for (const map of randomMaps(random, width, height)) {
            const step: WarpStep = {
              map,
              width: raster.image.width,
              height: raster.image.height,
              fold: 'none',
            };
            const options: Warp = {
              steps: [step],
              width,
              height,
              interpolation,
              border,
              fill: [10, 20, 30, 40],
              labelFill: [5, 0xffffffff],
            };
            expect(await warp(raster, options), `${map.kind} ${channels} ${border} ${interpolation}`).toEqual(
              warpPlain(raster, options),
            );
          }
        }
      }
    }
  });

  it('steps after one another, each folded at the border of its own frame', async () => {
    const random = Random.from('steps');
    for (const border of borderModes) {
      for (let second = 0; second < 5; second++) {
        const raster = randomRaster(random, 40, 30, 3, 1);
        const between = { width: 37, height: 28 };
        const [width, height] = [33, 31];
        for (const first of randomMaps(random, width, height)) {
          const map = randomMaps(random, between.width, between.height)[second]!;
          const steps: WarpStep[] = [
            { map: first, ...between, fold: border },
            { map, width: 40, height: 30, fold: 'none' },
          ];
          const options: Warp = { steps, width, height, interpolation: 'linear', border, fill: 9 };
          expect(await warp(raster, options), `${first.kind} ${map.kind} ${border}`).toEqual(
            warpPlain(raster, options),
          );
        }
      }
    }
  });

  it('inside a larger image, where eight pixels are done at a time', async () => {
    const random = Random.from('warp inside');
    for (const channels of channelCounts) {
      const raster = randomRaster(random, 131, 97, channels);
      for (const interpolation of interpolations) {
        const options = affineWarp([1.7, 0.2, -30, -0.15, 1.6, -20], raster.image, {
          width: 131,
          height: 97,
          interpolation,
          border: 'constant',
          fill: 0,
          labelFill: [3],
        });
        expect(await warp(raster, options)).toEqual(warpPlain(raster, options));
      }
    }
  });

  it('survives maps that send pixels to infinity', async () => {
    const raster = randomRaster(Random.from('far'), 20, 20, 3);
    const far = Float32Array.from({ length: 64 }, (_, i) => [Infinity, -Infinity, NaN, 3e38][i % 4]!);
    const maps: WarpMap[] = [
      { kind: 'affine', matrix: invertAffine([1e-30, 0, 0, 0, 1e-30, 0]) },
      { kind: 'affine', matrix: [0, 0, 0, 0, 0, 0] },
      { kind: 'affine', matrix: [1, 0, 1e30, 0, 1, -1e30] },
      { kind: 'perspective', matrix: [1, 0, 0, 0, 1, 0, 0, 0, 0] },
      { kind: 'dense', x: far, y: far },
    ];
    for (const first of maps) {
      for (const fold of [...borderModes, 'none'] as const) {
        for (const border of borderModes) {
          const steps: WarpStep[] = [
            { map: first, width: 16, height: 4, fold },
            { map: maps.at(-1)!, width: 20, height: 20, fold: 'none' },
          ];
          const options: Warp = { steps, width: 16, height: 4, interpolation: 'linear', border, fill: 7 };
          expect(await warp(raster, options)).toEqual(warpPlain(raster, options));
        }
      }
    }
  });

  it('refuses maps of the wrong size, and steps that do not lead to the source', async () => {
    const raster = randomRaster(Random.from('wrong'), 20, 20, 3);
    const options = { width: 8, height: 4, interpolation: 'linear', border: 'constant', fill: 0 } as const;
    const short = new Float32Array(31);
    const dense: WarpStep = {
      map: { kind: 'dense', x: short, y: short },
      width: 20,
      height: 20,
      fold: 'none',
    };
    await expect(warp(raster, { ...options, steps: [dense] })).rejects.toThrow('mapX');
    await expect(warp(raster, { ...options, steps: [] })).rejects.toThrow('at least one');
    const elsewhere = affineWarp([1, 0, 0, 0, 1, 0], { width: 19, height: 20 }, options);
    await expect(warp(raster, elsewhere)).rejects.toThrow("source's size");
  });
});

describe('symmetries', () => {
  it('equal their TypeScript twin, and the warp by their matrix', async () => {
    const random = Random.from('symmetry');
    for (const channels of channelCounts) {
      for (const width of [1, 5, 6, 11, 64, 67]) {
        const raster = randomRaster(random, width, 9, channels, 2);
        for (const [name, symmetry] of Object.entries(symmetries)) {
          const native = await reorient(raster, symmetry);
          expect(native, name).toEqual(reorientPlain(raster, symmetry));
          const map: WarpMap = { kind: 'affine', matrix: symmetryMatrix(symmetry, raster.image) };
          const size = reorientedSize(raster.image, symmetry);
          const step: WarpStep = { map, width, height: 9, fold: 'none' };
          const options = { interpolation: 'linear', border: 'constant', fill: 0 } as const;
          expect(await warp(raster, { ...size, steps: [step], ...options }), name).toEqual(native);
        }
      }
    }
  });

  it('follow each other as their product says', async () => {
    const raster = randomRaster(Random.from('product'), 7, 5, 1);
    for (const first of Object.values(symmetries)) {
      for (const second of Object.values(symmetries)) {
        const twice = await reorient(await reorient(raster, first), second);
        expect(await reorient(raster, symmetryProduct(second, first))).toEqual(twice);
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
      const moved = await warp(
        raster,
        affineWarp(matrix, raster.image, {
          width: window.width,
          height: window.height,
          interpolation: 'nearest',
          border,
          fill: 9,
          labelFill: [0, 1],
        }),
      );
      expect(copyWindow(raster, window, border, 9, [0, 1])).toEqual(moved);
    }
  });
});

describe('affine matrices', () => {
  it('product and inverse', () => {
    const random = Random.from('matrices');
    const matrix = randomMatrix(random, 9);
    const identity = affineProduct(matrix, invertAffine(matrix));
    for (const [i, value] of [1, 0, 0, 0, 1, 0].entries()) expect(identity[i]).toBeCloseTo(value, 12);
  });
});
