import type { LabelMap } from './labelMap.ts';

/**
 * How far the long axis of all labels together leans from the vertical, degrees, −90 to 90, positive to the right
 * (clockwise); undefined without labels. From the second moments of the labelled pixels; of large label maps about
 * 256 rows and columns are looked at, which is enough.
 */
export function tilt({ width, height, planes }: LabelMap): number | undefined {
  const step = Math.max(1, Math.floor(Math.min(width, height) / 256));
  let [count, sumX, sumY, sumXX, sumYY, sumXY] = [0, 0, 0, 0, 0, 0];
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const i = y * width + x;
      if (!planes.some((plane) => plane[i] !== 0)) continue;
      count++;
      sumX += x;
      sumY += y;
      sumXX += x * x;
      sumYY += y * y;
      sumXY += x * y;
    }
  }
  if (count === 0) return undefined;
  const varianceX = sumXX / count - (sumX / count) ** 2;
  const varianceY = sumYY / count - (sumY / count) ** 2;
  const covariance = sumXY / count - (sumX / count) * (sumY / count);
  // The axis along which the labels spread most; y grows downwards.
  return (0.5 * Math.atan2(-2 * covariance, varianceY - varianceX) * 180) / Math.PI;
}
