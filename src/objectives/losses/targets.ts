import * as tf from '@tensorflow/tfjs-core';
import { labelSums } from '../../engine/ops/labelSums.ts';
import type { LabelSums } from '../../engine/ops/labelSums.ts';
import { unpackLabels } from '../../engine/ops/unpackLabels.ts';
import { labelBoundaries, withNeighbours } from '../labelBoundaries.ts';

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

/** Packed labels, int32 `[N, H, W, ceil(C / 32)]`, or those of blended samples. */
export type KnownTargets = tf.Tensor4D | BlendedLabels;

/** Labels of images of which some pixels are unknown: those add nothing to a loss. */
export interface PartlyKnown {
  /** No classes where a pixel is unknown. */
  readonly labels: KnownTargets;
  /** int32 `[N, H, W, 1]`, 1 where a pixel is unknown, else 0. */
  readonly unknown: tf.Tensor4D;
}

/** What a loss compares logits with. */
export type Targets = KnownTargets | PartlyKnown;

/**
 * The sums of `labelSums` for known targets. Cross-entropy and areas are linear in the targets, so those of a blended sample
 * are the average of those of its two labels. The intersection is that of `softIntersection`.
 */
export function targetSums(
  logits: tf.Tensor4D,
  targets: KnownTargets,
  positiveWeights: tf.Tensor1D,
): LabelSums {
  if (targets instanceof tf.Tensor) return labelSums(logits, targets, positiveWeights);
  const [samples, firsts, seconds] = [logits, targets.first, targets.second].map((x) =>
    tf.split(x, x.shape[0]),
  ) as [tf.Tensor4D[], tf.Tensor4D[], tf.Tensor4D[]];
  const shares = tf.split(targets.shares, samples.length);
  const sums = samples
    .map((sample, n) => {
      const first = labelSums(sample, firsts[n]!, positiveWeights);
      const second = labelSums(sample, seconds[n]!, positiveWeights);
      const average = (key: 'crossEntropy' | 'target'): tf.Tensor1D =>
        tf.add(first[key], tf.mul(tf.sub(second[key], first[key]), shares[n]!));
      const { predicted } = first;
      return { crossEntropy: average('crossEntropy'), predicted, target: average('target') };
    })
    .reduce((sum, part) => ({
      crossEntropy: tf.add(sum.crossEntropy, part.crossEntropy),
      predicted: tf.add(sum.predicted, part.predicted),
      target: tf.add(sum.target, part.target),
    }));
  return { ...sums, intersection: softIntersection(logits, targets) };
}

/**
 * For each class, `[C]`, the sum of the smaller of probability and target. For targets of 0 and 1 it is the sum of their
 * product; between, unlike that, a Dice of it is best where probability and target are equal (Z. Wang et al., "Dice
 * semimetric losses", 2023), and segmentation-models-pytorch computes it so.
 */
function softIntersection(logits: tf.Tensor4D, targets: KnownTargets): tf.Tensor1D {
  const classes = logits.shape[3];
  const intersection = tf.customGrad<tf.Tensor1D>((...inputs) => {
    const [x, save] = inputs as [tf.Tensor4D, (tensors: tf.Tensor[]) => void];
    save([x]);
    return {
      value: tf.sum(tf.minimum(tf.sigmoid(x), unpackTargets(targets, classes)), [0, 1, 2]),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const p = tf.sigmoid(saved[0]!);
        // 1 where the probability is the smaller, 0 where it is the larger.
        const counts = tf.mul(tf.sub(1, tf.sign(tf.sub(p, unpackTargets(targets, classes)))), 0.5);
        return tf.mul(tf.mul(counts, dy), tf.mul(p, tf.sub(1, p)));
      },
    };
  });
  return intersection(logits);
}

/** Targets as floats, `[N, H, W, C]`. */
export function unpackTargets(targets: KnownTargets, classes: number): tf.Tensor4D {
  if (targets instanceof tf.Tensor) return unpackLabels(targets, classes);
  const [first, second] = [unpackLabels(targets.first, classes), unpackLabels(targets.second, classes)];
  const shares = tf.reshape(targets.shares, [-1, 1, 1, 1]);
  return tf.add(first, tf.mul(tf.sub(second, first), shares));
}

/** The boundaries of targets, each label's own; see `labelBoundaries`. Beside an unknown pixel they are unknown. */
export function targetBoundaries(targets: Targets): Targets {
  if ('unknown' in targets) {
    const { labels, unknown } = targets;
    return { labels: boundariesOf(labels), unknown: withNeighbours(unknown) };
  }
  return boundariesOf(targets);
}

function boundariesOf(targets: KnownTargets): KnownTargets {
  if (targets instanceof tf.Tensor) return labelBoundaries(targets);
  return {
    first: labelBoundaries(targets.first),
    second: labelBoundaries(targets.second),
    shares: targets.shares,
  };
}
