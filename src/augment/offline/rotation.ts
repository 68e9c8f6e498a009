import type { Random } from '../../core/random.ts';
import type { Sample } from '../../data/dataset.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { identity, warpSample } from '../affine.ts';

export interface Rotation {
  readonly sample: Sample;
  readonly parameters: {
    /** Degrees, counter-clockwise as seen. */
    readonly angle: number;
  };
}

/**
 * How far the long axis of all labels together leans from the vertical, degrees, -90 to 90, positive to the right;
 * undefined without labels.
 */
export function leaning({ width, planes }: LabelMap): number | undefined {
  let [count, sumX, sumY, sumXX, sumYY, sumXY] = [0, 0, 0, 0, 0, 0];
  const pixels = planes[0]?.length ?? 0;
  for (let i = 0; i < pixels; i++) {
    if (!planes.some((plane) => plane[i] !== 0)) continue;
    const x = i % width;
    const y = (i - x) / width;
    count++;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumYY += y * y;
    sumXY += x * y;
  }
  if (count === 0) return undefined;
  const varianceX = sumXX / count - (sumX / count) ** 2;
  const varianceY = sumYY / count - (sumY / count) ** 2;
  const covariance = sumXY / count - (sumX / count) * (sumY / count);
  // Of the axis along which the labels spread most, measured from the vertical; y grows downwards.
  return (0.5 * Math.atan2(-2 * covariance, varianceY - varianceX) * 180) / Math.PI;
}

/** Turns a sample to a random side by a random angle from the range, degrees; the corners become black. */
export async function makeRotation(
  sample: Sample,
  [smallest, largest]: readonly [number, number],
  random: Random,
): Promise<Rotation> {
  const side = random.chance(0.5) ? 1 : -1;
  const angle = side * random.uniform(smallest, largest);
  const options = { interpolation: 'linear', borderMode: 'constant', fill: 0 } as const;
  return { sample: await warpSample(sample, { ...identity, rotate: angle }, options), parameters: { angle } };
}
