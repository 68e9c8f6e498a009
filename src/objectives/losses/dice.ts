import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { LabelSums } from '../../engine/ops/labelSums.ts';

/** Soft Dice loss, one score per class over the whole batch, as segmentation-models-pytorch's `DiceLoss(mode='multilabel')`. */
export const diceSchema = z.strictObject({
  name: z.literal('dice'),
  /** Factor in a sum of losses. */
  weight: z.number().positive().default(1),
  /** Added to numerator and denominator of the score, in pixels. */
  smooth: z.number().nonnegative().default(0),
  /** Smallest denominator, in pixels. */
  epsilon: z.number().positive().default(1e-7),
});

/**
 * Soft Dice loss, as segmentation-models-pytorch's `DiceLoss(mode='multilabel')`: for each class one score over the
 * whole batch, `(sum(p z) + smooth) / ((sum(p) + sum(z)) / 2 + smooth)`; a class without a single target pixel in the
 * batch contributes 0; the mean over all classes of `1 - score`.
 *
 * It is not a mean over samples, so accumulating it over micro-batches differs from one large batch.
 */
export function diceLoss(
  { intersection, predicted, target }: LabelSums,
  { smooth, epsilon }: { readonly smooth: number; readonly epsilon: number },
): tf.Scalar {
  const area = tf.mul(tf.add(predicted, target), 0.5);
  const score = tf.div(tf.add(intersection, smooth), tf.maximum(tf.add(area, smooth), epsilon));
  const present = tf.sign(target);
  return tf.mean(tf.mul(tf.sub(1, score), present));
}
