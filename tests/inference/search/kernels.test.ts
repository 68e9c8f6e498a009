import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { disputedPixels, sampleCodes, sweepMeans } from '../../../src/inference/search/kernels.ts';
import {
  disputedPixelsPlain,
  sampleCodesPlain,
  sweepMeansPlain,
} from '../../../src/inference/search/plain/kernels.ts';
import { decodingTable, storedByte } from '../../../src/inference/store/quantization.ts';
import { createLabelMap } from '../../../src/labels/labelMap.ts';
import { syntheticLogits } from '../syntheticLogits.ts';

const classes = 34;
const [height, width] = [17, 23];
const logitsOf = (name: string) => ({
  height,
  width,
  classes,
  data: syntheticLogits(height, width, classes, Random.from(name)),
});

describe.each([
  { width: 61, height: 40, stride: 1 },
  { width: 60, height: 45, stride: 4 },
  { width: 19, height: 13, stride: 3 },
])('samples of $width × $height pixels, every $stride', (grid) => {
  it('are those of the plain twin, and so are the disputed ones', async () => {
    const members = await Promise.all(['a', 'b', 'c'].map((name) => sampleCodes(logitsOf(name), grid)));
    expect(members[0]).toEqual(sampleCodesPlain(logitsOf('a'), grid));
    const random = Random.from('truth', grid.stride);
    const truth = createLabelMap(grid.width, grid.height, classes);
    for (const [p, plane] of truth.planes.entries()) {
      const bits = p === 0 ? 0xffffffff : 3;
      for (const i of plane.keys()) plane[i] = (random.bits() & bits) >>> 0;
    }
    for (const limit of [1, 20, 1e6]) {
      const range = { low: storedByte(-2), high: storedByte(2), limit };
      const found = await disputedPixels(members, truth, grid.stride, range);
      expect(found).toEqual(disputedPixelsPlain(members, truth, grid.stride, range));
      expect(found.some(({ disputed }) => disputed > 3)).toBe(true);
    }
  });
});

describe('sweepMeans', () => {
  const random = Random.from('sweep');
  const pixels = 2500;
  const request = {
    codes: Uint8Array.from({ length: 3 * pixels }, () => random.integer(1, 256)),
    truth: Uint8Array.from({ length: pixels }, () => random.integer(0, 2)),
    starts: Uint32Array.from([0, 1500, 1500, pixels]),
    values: decodingTable.map((value) => (Number.isNaN(value) ? 0 : value)),
    weights: [
      [0.2, 0.3, 0.5],
      [1, 0, 0],
      [0, 0.4, 0.6],
    ],
    images: Uint32Array.from([2, 0, 1]),
  };

  it.each([[[0]], [[-2, -0.5, 0, 0.1, 1.5]]])('counts what the plain twin counts at %j', async (cuts) => {
    const thresholds = Float32Array.from(cuts);
    const counts = await sweepMeans({ ...request, thresholds });
    expect(counts).toEqual(sweepMeansPlain({ ...request, thresholds }));
    expect(counts[0]).toBeGreaterThan(0);
  });

  it('refuses images and weights that do not fit', () => {
    const thresholds = Float32Array.of(0);
    expect(() => sweepMeans({ ...request, thresholds, images: Uint32Array.of(3) })).toThrow(RangeError);
    expect(() => sweepMeans({ ...request, thresholds, weights: [[1, 0]] })).toThrow(RangeError);
  });
});
