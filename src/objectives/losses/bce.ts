import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { PhalanxError } from '../../core/errors.ts';
import type { LabelSums } from '../../engine/ops/labelSums.ts';

/** Binary cross-entropy, averaged over pixels and classes, as `torch.nn.BCEWithLogitsLoss`. */
export const bceSchema = z.strictObject({
  name: z.literal('bce'),
  /** Factor in a sum of losses. */
  weight: z.number().positive().default(1),
  /** How much a positive pixel counts, for all classes or for each; above 1 favours recall. */
  posWeight: z.union([z.number().positive(), z.array(z.number().positive()).min(1)]).optional(),
});

/** Binary cross-entropy averaged over `pixels` and classes, as `torch.nn.BCEWithLogitsLoss` computes it. */
export function binaryCrossEntropy({ crossEntropy }: LabelSums, pixels: number): tf.Scalar {
  return tf.div(tf.mean<tf.Scalar>(crossEntropy), pixels);
}

/**
 * How much a positive pixel of each class counts, `[classes]`.
 *
 * @throws PhalanxError `loss/pos-weight` when the number of weights is not the number of classes.
 */
export function positiveWeights(
  posWeight: number | readonly number[] | undefined,
  classes: number,
): tf.Tensor1D {
  if (typeof posWeight !== 'object') return tf.fill<tf.Rank.R1>([classes], posWeight ?? 1);
  if (posWeight.length !== classes) {
    throw new PhalanxError('loss/pos-weight', {
      what: 'The positive weights of the loss "bce" do not match the classes',
      expected: `${classes} weights, one per class, or a single number`,
      received: `${posWeight.length}`,
      fix: 'Give one weight per class in the order of the dataset',
    });
  }
  return tf.tensor1d([...posWeight]);
}
