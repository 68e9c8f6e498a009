import { boundingBoxes } from '../labels/boxes.ts';
import type { LabelMap } from '../labels/labelMap.ts';

/**
 * Whether the classes lie more like a mirror image of the reference than like the reference, about their own middles:
 * the other hand. By the covariance of the classes' horizontal positions.
 */
export async function showsOtherHand(labels: LabelMap, reference: LabelMap): Promise<boolean> {
  const [centres, others] = await Promise.all([classCentres(reference), classCentres(labels)]);
  const pairs = centres.flatMap((a, i) => {
    const b = others[i];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
  const mean = (side: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length;
  const [meanA, meanB] = [mean(0), mean(1)];
  return pairs.reduce((sum, [a, b]) => sum + (a - meanA) * (b - meanB), 0) < 0;
}

/** Horizontal centre of each class's box, as a fraction of the width. */
async function classCentres(labels: LabelMap): Promise<(number | undefined)[]> {
  const boxes = await boundingBoxes(labels);
  return boxes.map((box) => (box === undefined ? undefined : (box.left + box.width / 2) / labels.width));
}
