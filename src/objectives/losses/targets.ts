import * as tf from '@tensorflow/tfjs-core';
import { labelSums } from '../../engine/ops/labelSums.ts';
import type { LabelSums } from '../../engine/ops/labelSums.ts';
import { unpackLabels } from '../../engine/ops/unpackLabels.ts';
import { labelBoundaries } from '../labelBoundaries.ts';

/** The labels of samples that are blended of two: a target is `(1 - share) first + share second`, in [0, 1]. */
export interface BlendedLabels {
  /** Packed, int32 `[N, H, W, ceil(C / 32)]`. */
  readonly first: tf.Tensor4D;
  /** As `first`. */
  readonly second: tf.Tensor4D;
  /** Of the second in each sample, float32 `[N]`, in [0, 1]. */
  readonly shares: tf.Tensor1D;
}

/** Packed labels `[N, H, W, 2 P]`, those of the second sample behind those of the first. */
export function blendedLabels(labels: tf.Tensor4D, shares: tf.Tensor1D): BlendedLabels {
  const [first, second] = tf.split(labels, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
  return { first, second, shares };
}

/** What a loss compares logits with: packed labels, int32 `[N, H, W, ceil(C / 32)]`, or those of blended samples. */
export type Targets = tf.Tensor4D | BlendedLabels;

/**
 * The sums of `labelSums` for any targets. They are linear in the targets, so those of a blended sample are the average
 * of those of its two labels, and neither becomes floats.
 */
export function targetSums(logits: tf.Tensor4D, targets: Targets, positiveWeights: tf.Tensor1D): LabelSums {
  if (targets instanceof tf.Tensor) return labelSums(logits, targets, positiveWeights);
  const [samples, firsts, seconds] = [logits, targets.first, targets.second].map((x) =>
    tf.split(x, x.shape[0]),
  ) as [tf.Tensor4D[], tf.Tensor4D[], tf.Tensor4D[]];
  const shares = tf.split(targets.shares, samples.length);
  return samples
    .map((sample, n): LabelSums => {
      const first = labelSums(sample, firsts[n]!, positiveWeights);
      const second = labelSums(sample, seconds[n]!, positiveWeights);
      const average = (key: keyof LabelSums): tf.Tensor1D =>
        tf.add(first[key], tf.mul(tf.sub(second[key], first[key]), shares[n]!));
      return {
        crossEntropy: average('crossEntropy'),
        intersection: average('intersection'),
        predicted: first.predicted,
        target: average('target'),
      };
    })
    .reduce((sum, part) => ({
      crossEntropy: tf.add(sum.crossEntropy, part.crossEntropy),
      intersection: tf.add(sum.intersection, part.intersection),
      predicted: tf.add(sum.predicted, part.predicted),
      target: tf.add(sum.target, part.target),
    }));
}

/** Targets as floats, `[N, H, W, C]`. */
export function unpackTargets(targets: Targets, classes: number): tf.Tensor4D {
  if (targets instanceof tf.Tensor) return unpackLabels(targets, classes);
  const [first, second] = [unpackLabels(targets.first, classes), unpackLabels(targets.second, classes)];
  const shares = tf.reshape(targets.shares, [-1, 1, 1, 1]);
  return tf.add(first, tf.mul(tf.sub(second, first), shares));
}

/** The boundaries of targets, each label's own; see `labelBoundaries`. */
export function targetBoundaries(targets: Targets): Targets {
  if (targets instanceof tf.Tensor) return labelBoundaries(targets);
  return {
    first: labelBoundaries(targets.first),
    second: labelBoundaries(targets.second),
    shares: targets.shares,
  };
}
