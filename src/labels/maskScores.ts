import { countAgreement } from './overlap.ts';
import type { LabelMap } from './labelMap.ts';

/** Pixels of each class in a prediction, in its truth, and in both, `[classes]`: what `countAgreement` gives. */
export type Agreement = Awaited<ReturnType<typeof countAgreement>>;

/** Figures of each class, `[classes]`, each 0 to 1, or NaN where there is nothing to divide by. */
export interface MaskScores {
  /** `2·|A∩B| / (|A| + |B|)`; NaN where both masks are empty. */
  readonly dice: Float64Array;
  /** `|A∩B| / |A∪B|`; NaN where both masks are empty. */
  readonly iou: Float64Array;
  /** The share of predicted pixels that are right; NaN where nothing is predicted. */
  readonly precision: Float64Array;
  /** The share of true pixels that were predicted; NaN where the class is not in the truth. */
  readonly recall: Float64Array;
}

/**
 * Scores of every class from one count of the packed bits, without ever unpacking them.
 *
 * The competition's Dice, with its ε and with 0 for two empty masks, is `diceOfLabels`.
 *
 * @throws PhalanxError `labels/mask-mismatch` when sizes differ.
 */
export async function scoreMasks(predicted: LabelMap, target: LabelMap): Promise<MaskScores> {
  const counts = await countAgreement(predicted, target);
  const { intersection } = counts;
  return {
    dice: intersection.map((shared, i) => (2 * shared) / (counts.predicted[i]! + counts.target[i]!)),
    iou: intersectionOverUnion(counts),
    precision: intersection.map((shared, i) => shared / counts.predicted[i]!),
    recall: intersection.map((shared, i) => shared / counts.target[i]!),
  };
}

/** `|A∩B| / |A∪B|` of each class, NaN where both masks are empty. */
export function intersectionOverUnion({ intersection, predicted, target }: Agreement): Float64Array {
  return intersection.map((shared, i) => shared / (predicted[i]! + target[i]! - shared));
}
