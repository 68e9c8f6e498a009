import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { PhalanxError } from '../../core/errors.ts';
import { withGradient } from './withGradient.ts';

/** Binary cross-entropy, averaged over pixels and classes, as `torch.nn.BCEWithLogitsLoss`. */
export const bceSchema = z.strictObject({
  name: z.literal('bce'),
  /** Factor in a sum of losses. */
  weight: z.number().positive().default(1),
  /** How much a positive pixel counts, for all classes or for each; above 1 favours recall. */
  posWeight: z.union([z.number().positive(), z.array(z.number().positive()).min(1)]).optional(),
});

/**
 * Binary cross-entropy of logits, averaged over every pixel and class, as `torch.nn.BCEWithLogitsLoss` computes
 * it: `(1 - z) * softplus(x) + p * z * softplus(-x)` for logits `x`, targets `z` and positive weight `p`.
 *
 * @param logits `[N, H, W, C]`, any finite value; not probabilities.
 * @param targets `[N, H, W, C]`, in [0, 1].
 * @param posWeight One for all classes, or one per class.
 * @throws PhalanxError `loss/pos-weight` when the number of weights is not the number of classes.
 */
export function binaryCrossEntropy(
  logits: tf.Tensor4D,
  targets: tf.Tensor4D,
  posWeight?: number | readonly number[],
): tf.Scalar {
  const classes = logits.shape[3];
  if (typeof posWeight === 'object' && posWeight.length !== classes) {
    throw new PhalanxError('loss/pos-weight', {
      what: 'The positive weights of the loss "bce" do not match the classes',
      expected: `${classes} weights, one per class, or a single number`,
      received: `${posWeight.length}`,
      fix: 'Give one weight per class in the order of the dataset',
    });
  }
  return withGradient(
    logits,
    (x) => ({ value: tf.mean(unreducedBce(x, targets, posWeight)), saved: { x } }),
    (dy, { x }) => {
      const p = tf.sigmoid(x);
      const slope =
        posWeight === undefined
          ? tf.sub(p, targets)
          : tf.sub(tf.mul(p, positiveScale(targets, posWeight)), tf.mul(targets, weightTensor(posWeight)));
      return tf.mul(slope, tf.div(dy, x.size));
    },
  );
}

function unreducedBce(
  logits: tf.Tensor4D,
  targets: tf.Tensor4D,
  posWeight: number | readonly number[] | undefined,
): tf.Tensor {
  // softplus(x) - z * x equals (1 - z) * softplus(x) + z * softplus(-x).
  if (posWeight === undefined) return tf.sub(tf.softplus(logits), tf.mul(targets, logits));
  // As PyTorch has it: (1 - z) * x + (1 + (p - 1) * z) * softplus(-x).
  return tf.add(
    tf.mul(tf.sub(1, targets), logits),
    tf.mul(positiveScale(targets, posWeight), tf.softplus(tf.neg(logits))),
  );
}

/** `1 + (p - 1) * z`. */
function positiveScale(targets: tf.Tensor4D, posWeight: number | readonly number[]): tf.Tensor {
  return tf.add(1, tf.mul(targets, tf.sub(weightTensor(posWeight), 1)));
}

function weightTensor(posWeight: number | readonly number[]): tf.Tensor {
  return typeof posWeight === 'number' ? tf.scalar(posWeight) : tf.tensor1d([...posWeight]);
}
