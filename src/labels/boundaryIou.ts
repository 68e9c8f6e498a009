import { release } from '../pixels/memory.ts';
import { roundHalfEven } from '../pixels/rounding.ts';
import { combineLabels } from './classSets.ts';
import { checkSameShape } from './labelMap.ts';
import type { LabelMap } from './labelMap.ts';
import { erodeLabels } from './morphology.ts';
import { intersectionOverUnion } from './maskScores.ts';
import { countAgreement } from './overlap.ts';

/**
 * The pixels of each class within `distance` of its outline, the class's own only; the image's edge bounds it too.
 *
 * @param distance Whole pixels, at least 1: as many times a 3×3 square erodes the class.
 */
export async function innerBoundaries(labels: LabelMap, distance: number): Promise<LabelMap> {
  const inner = await erodeLabels(labels, { shape: 'square', radius: distance, beyond: 'empty' });
  const boundaries = await combineLabels(labels, inner, 'difference');
  release(inner.planes);
  return boundaries;
}

/**
 * Boundary IoU of each class, `[classes]`: the IoU of the two masks' inner boundaries. NaN where both masks are empty.
 * Source: B. Cheng et al., "Boundary IoU: improving object-centric image segmentation evaluation", 2021, as in
 * `boundary-iou-api`.
 *
 * @param ratio Breadth of the boundaries as a share of the image's diagonal, rounded to pixels, at least 1; the paper
 *   takes 0.02 for COCO, 0.005 for finer annotations.
 * @throws PhalanxError `labels/mask-mismatch` when sizes or numbers of classes differ.
 */
export async function boundaryIou(
  predicted: LabelMap,
  target: LabelMap,
  { ratio = 0.02 }: { readonly ratio?: number } = {},
): Promise<Float64Array> {
  checkSameShape(predicted, target);
  const distance = Math.max(1, roundHalfEven(ratio * Math.hypot(predicted.width, predicted.height)));
  const [a, b] = await Promise.all([innerBoundaries(predicted, distance), innerBoundaries(target, distance)]);
  const scores = intersectionOverUnion(await countAgreement(a, b));
  release([...a.planes, ...b.planes]);
  return scores;
}
