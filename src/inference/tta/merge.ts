import * as tf from '@tensorflow/tfjs-core';
import type { TtaMerge } from './options.ts';

type Logits = tf.Tensor4D;

/** How views become one: what of each is joined with what the others gave, and what then becomes of it. */
interface Merging {
  readonly term: (logits: Logits) => Logits;
  readonly join: (terms: Logits, term: Logits) => Logits;
  /** Back to logits. */
  readonly finish: (terms: Logits, views: number) => Logits;
}

const same = (x: Logits): Logits => x;
const add = (a: Logits, b: Logits): Logits => tf.add(a, b);
const mean = (sum: Logits, views: number): Logits => tf.mul(sum, 1 / views);

// The sigmoid keeps order, so the largest and the smallest probability are those of the logits.
const max: Merging = { term: same, join: (a, b) => tf.maximum(a, b), finish: same };
const min: Merging = { term: same, join: (a, b) => tf.minimum(a, b), finish: same };

const ofLogits = {
  mean: { term: same, join: add, finish: mean },
  sum: { term: same, join: add, finish: same },
  max,
  min,
} satisfies Record<string, Merging>;

const ofProbabilities = {
  mean: { term: tf.sigmoid, join: add, finish: (sum, views) => logitsOf(mean(sum, views)) },
  gmean: {
    // The logarithm of a product of probabilities, which would itself be too small to be held.
    term: (logits) => tf.neg(tf.softplus(tf.neg(logits))),
    join: add,
    finish: (sum, views) => {
      const log = mean(sum, views);
      return tf.sub(log, tf.log1p(tf.neg(tf.exp(tf.minimum(log, -floor)))));
    },
  },
  tsharpen: {
    term: (logits) => tf.sqrt(tf.sigmoid(logits)),
    join: add,
    finish: (sum, views) => logitsOf(mean(sum, views)),
  },
  max,
  min,
} satisfies Record<string, Merging>;

/**
 * Merges what a model says of several views of an image, as ttach's `Merger` does; `median` is NumPy's: the mean of the
 * middle two of an even number.
 *
 * @param views At least one; each is asked for when the one before has been joined.
 * @returns Logits.
 */
export function mergeViews(views: readonly (() => Logits)[], merge: TtaMerge): Logits {
  if (merge.type === 'median') return median(views, merge.of === 'probabilities');
  const { term, join, finish } = merge.of === 'logits' ? ofLogits[merge.type] : ofProbabilities[merge.type];
  let terms: Logits | undefined;
  for (const logits of views) terms = terms === undefined ? term(logits()) : join(terms, term(logits()));
  return finish(terms!, views.length);
}

/** Exchanges neighbours until the order stands as far as the middle: a median without any values side by side. */
function median(views: readonly (() => Logits)[], isOfProbabilities: boolean): Logits {
  const sorted = views.map((logits) => logits());
  const middle = sorted.length >> 1;
  for (let end = sorted.length - 1; end >= middle; end--) {
    for (let i = 0; i < end; i++) {
      const [a, b] = [sorted[i]!, sorted[i + 1]!];
      [sorted[i], sorted[i + 1]] = [tf.minimum(a, b), tf.maximum(a, b)];
    }
  }
  // What is below the middle was never sorted, but for its largest.
  const upper = sorted[middle]!;
  if (sorted.length % 2 === 1) return upper;
  const lower = sorted.slice(0, middle).reduce((a, b) => tf.maximum(a, b));
  if (!isOfProbabilities) return mean(tf.add(lower, upper), 2);
  return logitsOf(mean(tf.add(tf.sigmoid(lower), tf.sigmoid(upper)), 2));
}

/** About the largest float32 below 1, less from 1. */
const floor = 1.1e-7;

/** Inverse of the sigmoid; probabilities of exactly 0 or 1 become logits of ∓16. */
function logitsOf(probabilities: Logits): Logits {
  const clipped: Logits = tf.clipByValue(probabilities, floor, 1 - floor);
  return tf.sub(tf.log(clipped), tf.log(tf.sub(1, clipped)));
}
