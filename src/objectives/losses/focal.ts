import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { unpackTargets } from './targets.ts';
import type { KnownTargets } from './targets.ts';
import { withGradient } from './withGradient.ts';

/** Focal loss (Lin et al. 2017), as segmentation-models-pytorch's `FocalLoss(mode='multilabel')`. */
export const focalSchema = z.strictObject({
  name: z.literal('focal'),
  /** Factor in a sum of losses. */
  weight: z.number().positive().default(1),
  /** Share of the positive pixels' weight, in [0, 1]; the negative ones get the rest. Left out: both count 1. */
  alpha: z.number().min(0).max(1).optional(),
  /** How strongly easy pixels are discounted; 0 is cross-entropy. */
  gamma: z.number().nonnegative().default(2),
});

/**
 * Focal loss of logits (Lin et al. 2017, equation 5), averaged over every pixel and class, as
 * segmentation-models-pytorch's `FocalLoss(mode='multilabel')`: `alpha_t * q^gamma * -log(1 - q)` where `q` is
 * the probability given to the wrong answer. For targets between 0 and 1, as there, `-log(1 - q)` is the cross-entropy.
 *
 * @param logits `[N, H, W, C]`, any finite value; not probabilities.
 */
export function focalLoss(
  logits: tf.Tensor4D,
  labels: KnownTargets,
  { alpha, gamma = 2 }: { alpha?: number | undefined; gamma?: number } = {},
): tf.Scalar {
  // Unpacked anew where they are needed: between forward and backward the bits are kept, not the floats.
  const targets = (): tf.Tensor4D => unpackTargets(labels, logits.shape[3]);
  const sign = (): tf.Tensor => tf.sub(1, tf.mul(targets(), 2));
  const weighted = (x: tf.Tensor): tf.Tensor =>
    alpha === undefined ? x : tf.mul(x, tf.add(1 - alpha, tf.mul(targets(), 2 * alpha - 1)));

  if (!(labels instanceof tf.Tensor)) return softFocalLoss(logits, targets, weighted, gamma);
  return withGradient(
    logits,
    (x) => {
      // With u = x for a negative pixel and -x for a positive one: q = sigmoid(u), -log(1 - q) = softplus(u).
      const u = tf.mul(x, sign());
      const value: tf.Scalar = tf.mean(weighted(tf.mul(power(tf.sigmoid(u), gamma), tf.softplus(u))));
      return { value, saved: { u } };
    },
    (dy, { u }) => {
      const q = tf.sigmoid(u);
      // d/du (q^gamma * softplus(u)) = q^gamma * (gamma * (1 - q) * softplus(u) + q): finite for every gamma.
      const inner = tf.add(tf.mul(tf.mul(tf.sigmoid(tf.neg(u)), tf.softplus(u)), gamma), q);
      const slope = tf.mul(tf.mul(power(q, gamma), inner), sign());
      return tf.mul(weighted(slope), tf.div(dy, u.size));
    },
  );
}

/** Focal loss of targets between 0 and 1. */
function softFocalLoss(
  logits: tf.Tensor4D,
  targets: () => tf.Tensor4D,
  weighted: (x: tf.Tensor) => tf.Tensor,
  gamma: number,
): tf.Scalar {
  const entropyOf = (x: tf.Tensor): tf.Tensor => {
    const z = targets();
    return tf.add(tf.mul(tf.sub(1, z), tf.softplus(x)), tf.mul(z, tf.softplus(tf.neg(x))));
  };
  /** The probability given to the wrong answer. */
  const wrong = (entropy: tf.Tensor): tf.Tensor => tf.neg(tf.expm1(tf.neg(entropy)));
  return withGradient(
    logits,
    (x) => {
      const entropy = entropyOf(x);
      const value: tf.Scalar = tf.mean(weighted(tf.mul(power(wrong(entropy), gamma), entropy)));
      return { value, saved: { x } };
    },
    (dy, { x }) => {
      const entropy = entropyOf(x);
      const q = wrong(entropy);
      // d/de (q^gamma e) = q^gamma (1 + gamma (1 - q) e / q), where e / q goes to 1 as both go to 0.
      const ratio = tf.div(entropy, tf.maximum(q, 1e-30));
      const inner = tf.add(tf.mul(tf.mul(tf.sub(1, q), ratio), gamma), 1);
      const slope = tf.mul(tf.mul(power(q, gamma), inner), tf.sub(tf.sigmoid(x), targets()));
      return tf.mul(weighted(slope), tf.div(dy, x.size));
    },
  );
}

function power(q: tf.Tensor, gamma: number): tf.Tensor {
  if (gamma === 0) return tf.onesLike(q);
  if (gamma === 1) return q;
  return gamma === 2 ? tf.square(q) : tf.pow(q, gamma);
}
