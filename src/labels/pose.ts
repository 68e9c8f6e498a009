import type { Box } from './boxes.ts';
import type { LabelMap } from './labelMap.ts';

/** Where a class lies and which way it points, by the moments of its pixels. */
export interface Pose {
  /** Pixels. */
  readonly area: number;
  /** Centre of mass, pixels. */
  readonly x: number;
  /** Centre of mass, pixels. */
  readonly y: number;
  /** Of the long axis with the rows, radians from −π/2 to π/2, clockwise as seen. */
  readonly angle: number;
  /** Standard deviation along the long axis over that across it; at least 1. */
  readonly elongation: number;
}

/**
 * The pose of a class within its bounding box.
 *
 * @returns undefined where the box holds no pixel of it.
 */
export function classPose({ width, planes }: LabelMap, classIndex: number, box: Box): Pose | undefined {
  const plane = planes[classIndex >> 5]!;
  const bit = 1 << (classIndex & 31);
  let [area, sumX, sumY, sumXX, sumYY, sumXY] = [0, 0, 0, 0, 0, 0];
  for (let y = 0; y < box.height; y++) {
    const row = (box.top + y) * width + box.left;
    for (let x = 0; x < box.width; x++) {
      if ((plane[row + x]! & bit) === 0) continue;
      area++;
      sumX += x;
      sumY += y;
      sumXX += x * x;
      sumYY += y * y;
      sumXY += x * y;
    }
  }
  if (area === 0) return undefined;
  const [meanX, meanY] = [sumX / area, sumY / area];
  // A pixel is a square, not a point: its own variance keeps a line of pixels from being infinitely thin.
  const varianceX = sumXX / area - meanX ** 2 + 1 / 12;
  const varianceY = sumYY / area - meanY ** 2 + 1 / 12;
  const covariance = sumXY / area - meanX * meanY;
  const mean = (varianceX + varianceY) / 2;
  const spread = Math.hypot((varianceX - varianceY) / 2, covariance);
  return {
    area,
    x: box.left + meanX,
    y: box.top + meanY,
    angle: 0.5 * Math.atan2(2 * covariance, varianceX - varianceY),
    elongation: Math.sqrt((mean + spread) / (mean - spread)),
  };
}
