import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { withGradient } from './withGradient.ts';

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
 * Soft Dice loss of logits, as segmentation-models-pytorch's `DiceLoss(mode='multilabel')`: for each class one
 * score over the whole batch, `(sum(p z) + smooth) / ((sum(p) + sum(z)) / 2 + smooth)` with `p = sigmoid(x)`;
 * a class without a single target pixel in the batch contributes 0; the mean over all classes of `1 - score`.
 *
 * It is not a mean over samples, so accumulating it over micro-batches differs from one large batch.
 *
 * @param logits `[N, H, W, C]`, any finite value; not probabilities.
 * @param targets `[N, H, W, C]`, 0 or 1.
 */
export function diceLoss(
  logits: tf.Tensor4D,
  targets: tf.Tensor4D,
  { smooth = 0, epsilon = 1e-7 }: { smooth?: number; epsilon?: number } = {},
): tf.Scalar {
  const classes = logits.shape[3];
  return withGradient(
    logits,
    (x) => {
      const p = tf.sigmoid(x);
      const intersection = sumPerClass(tf.mul(p, targets));
      const targetArea = sumPerClass(targets);
      const area = tf.mul(tf.add(sumPerClass(p), targetArea), 0.5);
      const denominator = tf.maximum(tf.add(area, smooth), epsilon);
      const score = tf.div(tf.add(intersection, smooth), denominator);
      const present = tf.cast(tf.greater(targetArea, 0), 'float32');
      return { value: tf.mean(tf.mul(tf.sub(1, score), present)), saved: { p, score, denominator, present } };
    },
    (dy, { p, score, denominator, present }) => {
      // d(1 - score)/dp = (score / 2 - z) / denominator, in each class that is present.
      const scale = tf.div(tf.mul(present, tf.div(dy, classes)), denominator);
      const slope = tf.mul(tf.sub(tf.mul(score, 0.5), targets), scale);
      return tf.mul(slope, tf.mul(p, tf.sub(1, p)));
    },
  );
}

function sumPerClass(x: tf.Tensor): tf.Tensor1D {
  return tf.sum(x, [0, 1, 2]);
}
