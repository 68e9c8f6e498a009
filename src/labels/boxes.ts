import type { LabelMap } from './labelMap.ts';
import { labelRuns } from './runs.ts';

/** A rectangle of pixels. */
export interface Box {
  /** Column of the leftmost pixel. */
  readonly left: number;
  /** Row of the topmost pixel. */
  readonly top: number;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/** The smallest box around each class, `[classes]`; undefined for a class without pixels. */
export async function boundingBoxes(labels: LabelMap): Promise<(Box | undefined)[]> {
  const { width } = labels;
  const runs = await labelRuns(labels);
  return runs.map(({ boundaries }) => {
    if (boundaries.length === 0) return undefined;
    let [left, right] = [width, 0];
    for (let i = 0; i < boundaries.length; i += 2) {
      const [first, last] = [boundaries[i]!, boundaries[i + 1]! - 1];
      const wraps = Math.floor(first / width) !== Math.floor(last / width);
      left = Math.min(left, wraps ? 0 : first % width);
      right = Math.max(right, wraps ? width - 1 : last % width);
    }
    const top = Math.floor(boundaries[0]! / width);
    const bottom = Math.floor((boundaries[boundaries.length - 1]! - 1) / width);
    return { left, top, width: right - left + 1, height: bottom - top + 1 };
  });
}
