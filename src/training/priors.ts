import type { LabelMap } from '../labels/labelMap.ts';
import { classAreas } from '../labels/overlap.ts';

/**
 * The share of foreground pixels of each class over all label maps, in [0, 1]; what an untrained model should
 * predict, so that it does not begin by learning "nothing".
 */
export async function classPriors(
  labels: AsyncIterable<LabelMap> | Iterable<LabelMap>,
  classes: number,
): Promise<number[]> {
  const areas = new Float64Array(classes);
  let pixels = 0;
  for await (const map of labels) {
    const own = await classAreas(map);
    for (let c = 0; c < classes; c++) areas[c]! += own[c]!;
    pixels += map.width * map.height;
  }
  return Array.from(areas, (area) => (pixels === 0 ? 0 : area / pixels));
}
