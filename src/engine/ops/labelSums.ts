import * as tf from '@tensorflow/tfjs-core';
import { defineOp, runOp } from '../op.ts';
import { startedEngine } from '../running.ts';
import { unpackLabels } from './unpackLabels.ts';

/** For each class, `[classes]`, over all pixels of a batch with logit x, p = sigmoid(x) and target z. */
export interface LabelSums {
  /** `(1 - z) softplus(x) + w z softplus(-x)`, in nats; w is the class's positive weight. */
  readonly crossEntropy: tf.Tensor1D;
  /** `p z` */
  readonly intersection: tf.Tensor1D;
  /** `p` */
  readonly predicted: tf.Tensor1D;
  /** `z`; constant to the gradient. */
  readonly target: tf.Tensor1D;
}

const SUMS = 4;

type Inputs = Record<'logits' | 'labels' | 'positiveWeights', tf.Tensor>;

const labelSumsOp = defineOp<keyof Inputs, object>({
  name: 'LabelSums',
  forward: (inputs) => {
    const { logits, labels, positiveWeights } = inputs;
    if (startedEngine().info.device !== 'cpu') return [composedLabelSums(inputs)];
    return [runOp('PhalanxLabelSums', [], [logits, labels, positiveWeights])];
  },
  saveInputs: ['logits', 'labels', 'positiveWeights'],
  gradient: ([dy], [logits, labels, positiveWeights]) => ({
    logits: () => {
      const inputs = { logits: logits!, labels: labels!, positiveWeights: positiveWeights! };
      if (startedEngine().info.device !== 'cpu') return composedLabelSumsGradient(dy!, inputs);
      return runOp('PhalanxLabelSumsGrad', [], [logits!, labels!, positiveWeights!, dy!]);
    },
    labels: () => tf.zerosLike(labels!),
    positiveWeights: () => tf.zerosLike(positiveWeights!),
  }),
});

/** The same sums, `[4, classes]`, of TensorFlow's ops over unpacked labels. */
export function composedLabelSums({ logits, labels, positiveWeights }: Inputs): tf.Tensor {
  const z = unpackLabels(labels as tf.Tensor4D, logits.shape[3]!);
  const p = tf.sigmoid(logits);
  const negative = tf.mul(tf.sub(1, z), tf.softplus(logits));
  const positive = tf.mul(tf.mul(z, positiveWeights), tf.softplus(tf.neg(logits)));
  const terms = [tf.add(negative, positive), tf.mul(p, z), p, z];
  return tf.stack(terms.map((term) => tf.sum(term, [0, 1, 2])));
}

/** The gradient of the logits from that of the sums, `[4, classes]`, of TensorFlow's ops. */
export function composedLabelSumsGradient(
  dy: tf.Tensor,
  { logits, labels, positiveWeights }: Inputs,
): tf.Tensor {
  const [ofEntropy, ofIntersection, ofPredicted] = tf.unstack(dy);
  const z = unpackLabels(labels as tf.Tensor4D, logits.shape[3]!);
  const p = tf.sigmoid(logits);
  const q = tf.sigmoid(tf.neg(logits));
  const entropy = tf.sub(tf.mul(tf.sub(1, z), p), tf.mul(tf.mul(z, positiveWeights), q));
  const overlap = tf.mul(tf.add(tf.mul(z, ofIntersection!), ofPredicted!), tf.mul(p, q));
  return tf.add(tf.mul(entropy, ofEntropy!), overlap);
}

/**
 * What losses of overlapping classes are made of, in one pass over logits and packed labels; so is its gradient.
 *
 * @param logits float32 `[N, H, W, classes]`
 * @param labels int32 `[N, H, W, ceil(classes / 32)]`: class c is bit c % 32 of plane floor(c / 32)
 * @param positiveWeights `[classes]`, constant to the gradient
 * @throws PhalanxError `engine/op` when the shapes do not fit together
 */
export function labelSums(logits: tf.Tensor4D, labels: tf.Tensor4D, positiveWeights: tf.Tensor1D): LabelSums {
  const [sums] = labelSumsOp({ logits, labels, positiveWeights }, {});
  const [crossEntropy, intersection, predicted, target] = tf
    .split(sums as tf.Tensor2D, SUMS)
    .map((row) => tf.reshape<tf.Rank.R1>(row, [logits.shape[3]]));
  return {
    crossEntropy: crossEntropy!,
    intersection: intersection!,
    predicted: predicted!,
    target: target!,
  };
}
