import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { importanceMap } from '../../src/inference/windows/importance.ts';
import type { SlidingWindow } from '../../src/inference/windows/options.ts';
import { windowPlaces } from '../../src/inference/windows/places.ts';
import { addWindow, createWindowSums, divideWindows } from '../../src/inference/windows/windowSums.ts';
import * as plain from '../../src/inference/windows/plain/windowSums.ts';
import type { ImageSize } from '../../src/pixels/image.ts';

type Weights = SlidingWindow['weights'];

/** See tools/goldens/windows.py. */
const golden = JSON.parse(
  readFileSync(new URL('../goldens/inference/windows.json', import.meta.url), 'utf8'),
) as {
  readonly maps: readonly (ImageSize & { readonly weights: Weights; readonly map: readonly number[] })[];
  readonly places: readonly {
    readonly length: number;
    readonly window: number;
    readonly overlap: number;
    readonly starts: readonly number[];
  }[];
};

describe('windows', () => {
  it.each(golden.maps)('count as MONAI’s: $height × $width, $weights', ({ map, weights, ...size }) => {
    const ours = importanceMap(size, weights);
    expect(ours).toHaveLength(map.length);
    for (const [i, weight] of ours.entries()) expect(Math.abs(weight - map[i]!)).toBeLessThan(1e-7);
  });

  it('lie where MONAI places them', () => {
    for (const { length, window, overlap, starts } of golden.places) {
      const size = { width: window, height: window };
      const places = windowPlaces({ width: length, height: window }, size, overlap);
      // MONAI has surrounded an image that is smaller, so that its window begins at 0.
      const padding = Math.floor(Math.max(0, window - length) / 2);
      expect(places.map(({ left }) => left + padding)).toEqual(starts);
      expect(places.every(({ top }) => top === 0)).toBe(true);
    }
  });

  it('are joined row by row', () => {
    const places = windowPlaces({ width: 30, height: 20 }, { width: 16, height: 16 }, 0.5);
    expect(places.map(({ top, left }) => [top, left])).toEqual([
      [0, 0],
      [0, 8],
      [0, 14],
      [4, 0],
      [4, 8],
      [4, 14],
    ]);
  });

  it('are summed by the kernel as by its twin, in every bit', async () => {
    const random = Random.from('windows');
    for (const size of [
      { width: 21, height: 19 },
      { width: 5, height: 30 },
      { width: 7, height: 6 },
    ]) {
      const window = { width: 9, height: 8 };
      const [ours, twin] = [createWindowSums(size, 3), createWindowSums(size, 3)];
      const weights = importanceMap(window, 'gaussian');
      for (const place of windowPlaces(size, window, 0.6)) {
        const logits = Float32Array.from({ length: 9 * 8 * 3 }, () => random.normal());
        await addWindow(ours, { logits, size: window, weights, place });
        plain.addWindow(twin, { logits, size: window, weights, place });
      }
      await divideWindows(ours);
      plain.divideWindows(twin);
      expect(ours.data).toEqual(twin.data);
      expect(ours.counts).toEqual(twin.counts);
      expect(ours.data.every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
    }
  });
});
