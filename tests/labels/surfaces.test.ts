import { describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { boundaryIou } from '../../src/labels/boundaryIou.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { surfaceDistancesPlain } from '../../src/labels/plain/surfaceDistances.ts';
import { surfaceDistances } from '../../src/labels/surfaceDistances.ts';
import type { DirectedDistances } from '../../src/labels/surfaceDistances.ts';
import {
  averageSurfaceDistances,
  averageSymmetricSurfaceDistance,
  hausdorffDistance,
  interpolatedHausdorffDistance,
  normalizedSurfaceDice,
} from '../../src/labels/surfaceMetrics.ts';
import { golden, labelsOf } from './goldens.ts';
import { randomLabelMap } from './random.ts';

/** A number, or what JSON has no number for: "inf", "nan". */
type Figure = number | string;

interface SurfaceCase {
  readonly width: number;
  readonly height: number;
  readonly target: string;
  readonly predicted: string;
  readonly spacing: [number, number];
  readonly tolerance: number;
  readonly contour: {
    readonly hausdorff: Record<string, Figure>;
    readonly averages: [Figure, Figure];
    readonly surfaceDice: Figure;
  };
  readonly pixels: {
    readonly hausdorff: Record<string, Figure>;
    readonly symmetricAverage: Figure;
    readonly surfaceDice: Figure;
  };
  readonly boundaryIou: Record<string, Figure>;
}

const cases = golden<SurfaceCase>('surfaces.json');
const pairOf = ({ width, height, predicted, target }: SurfaceCase): [LabelMap, LabelMap] => [
  labelsOf({ width, height, bits: predicted }),
  labelsOf({ width, height, bits: target }),
];
const expectFigure = (received: number, expected: Figure, digits: number) => {
  if (expected === 'nan') expect(received).toBeNaN();
  else expect(received).toBeCloseTo(expected === 'inf' ? Infinity : Number(expected), digits);
};
const empty = ({ contour }: SurfaceCase) => contour.surfaceDice === 'nan';

describe('surface metrics', () => {
  it('of contour elements are those of surface-distance', async () => {
    for (const one of cases) {
      const [distances] = await surfaceDistances(...pairOf(one), { spacing: one.spacing });
      for (const [percent, expected] of Object.entries(one.contour.hausdorff)) {
        // There two empty masks are infinitely far from each other.
        expectFigure(hausdorffDistance(distances!, Number(percent)), empty(one) ? 'nan' : expected, 9);
      }
      const averages = averageSurfaceDistances(distances!);
      for (const i of [0, 1] as const) expectFigure(averages[i], one.contour.averages[i], 9);
      expectFigure(normalizedSurfaceDice(distances!, one.tolerance), one.contour.surfaceDice, 9);
    }
    expect(cases.filter(empty).length).toBeGreaterThan(0);
  });

  it('of edge pixels are those of MONAI, which computes in 32 bits', async () => {
    for (const one of cases) {
      const options = { elements: 'pixels', spacing: one.spacing } as const;
      const [distances] = await surfaceDistances(...pairOf(one), options);
      for (const [percent, figure] of Object.entries(one.pixels.hausdorff)) {
        // Where one mask is empty, MONAI interpolates between infinities.
        const expected = figure === 'nan' && !empty(one) ? 'inf' : figure;
        expectFigure(interpolatedHausdorffDistance(distances!, Number(percent)), expected, 4);
      }
      expectFigure(averageSymmetricSurfaceDistance(distances!), one.pixels.symmetricAverage, 4);
      expectFigure(normalizedSurfaceDice(distances!, one.tolerance), one.pixels.surfaceDice, 6);
    }
  });

  it('of boundaries are those of boundary-iou-api', async () => {
    for (const one of cases) {
      for (const [ratio, expected] of Object.entries(one.boundaryIou)) {
        const [score] = await boundaryIou(...pairOf(one), { ratio: Number(ratio) });
        expectFigure(score!, expected, 12);
      }
    }
  });
});

describe('surfaceDistances', () => {
  const near = (received: DirectedDistances, expected: DirectedDistances) => {
    expect(received.distances.length).toBe(expected.distances.length);
    for (const [i, distance] of expected.distances.entries()) {
      expect(received.distances[i]).toBeCloseTo(distance, 9);
    }
    const sum = ({ weights }: DirectedDistances) => weights.reduce((total, weight) => total + weight, 0);
    expect(sum(received)).toBeCloseTo(sum(expected), 9);
  };

  it('equal their twin, to the bit in whole pixels', async () => {
    const random = Random.from('surfaces');
    for (const elements of ['contour', 'pixels'] as const) {
      for (const spacing of [
        [1, 1],
        [2, 3],
        [0.3, 1.7],
      ] as const) {
        const [width, height] = [random.integer(1, 36), random.integer(1, 36)];
        const a = randomLabelMap(random, width, height, 35);
        const b = randomLabelMap(random, width, height, 35);
        const received = await surfaceDistances(a, b, { elements, spacing });
        const expected = surfaceDistancesPlain(a, b, { elements, spacing });
        if (Number.isInteger(spacing[0])) expect(received).toEqual(expected);
        for (const [c, one] of received.entries()) {
          near(one.predictedToTarget, expected[c]!.predictedToTarget);
          near(one.targetToPredicted, expected[c]!.targetToPredicted);
        }
      }
    }
  });

  it('equal their twin where outlines are dense and far from each other', async () => {
    const random = Random.from('surfaces far');
    for (const elements of ['contour', 'pixels'] as const) {
      const a = createLabelMap(90, 40, 1);
      const b = createLabelMap(90, 40, 1);
      for (let i = 0; i < 90 * 40; i++) a.planes[0]![i] = random.chance(0.5) ? 1 : 0;
      for (let i = 0; i < 6; i++) b.planes[0]![random.integer(0, 90 * 40)] = 1;
      const expected = surfaceDistancesPlain(a, b, { elements, spacing: [2, 3] });
      expect(await surfaceDistances(a, b, { elements, spacing: [2, 3] })).toEqual(expected);
    }
  });

  it('refuses other shapes and impossible spacings', async () => {
    const labels = createLabelMap(4, 3, 2);
    await expect(surfaceDistances(labels, createLabelMap(3, 4, 2))).rejects.toThrow(PhalanxError);
    await expect(surfaceDistances(labels, createLabelMap(4, 3, 1))).rejects.toThrow(PhalanxError);
    await expect(surfaceDistances(labels, labels, { spacing: [0, 1] })).rejects.toThrow(RangeError);
    await expect(surfaceDistances(labels, labels, { spacing: [1, Number.NaN] })).rejects.toThrow(RangeError);
  });
});
