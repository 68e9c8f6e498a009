import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { keepFloat32 } from '../keepFloat32.ts';
import { bceSchema, binaryCrossEntropy } from './bce.ts';
import { diceLoss, diceSchema } from './dice.ts';
import { focalLoss, focalSchema } from './focal.ts';

export const lossTermSchema = z.discriminatedUnion('name', [bceSchema, diceSchema, focalSchema]);

/** One loss, or several that are added, each times its weight: `[{ name: 'bce', weight: 5 }, { name: 'dice' }]`. */
export const lossSchema = z.union([lossTermSchema, z.array(lossTermSchema).min(1)]);

/** A loss as an experiment writes it; defaults may be left out. */
export type LossSpec = z.input<typeof lossSchema>;

type LossTerm = z.output<typeof lossTermSchema>;

/**
 * A loss of logits `[N, H, W, C]` (not probabilities) and targets `[N, H, W, C]` in [0, 1]. It is never negative:
 * the trainer takes a negative value as the sign of wrong inputs and stops.
 */
export type Loss = (logits: tf.Tensor4D, targets: tf.Tensor4D) => tf.Scalar;

/** The function that a specification describes: the weighted sum of its terms. */
export function buildLoss(spec: LossSpec): Loss {
  const parsed = lossSchema.parse(spec);
  const terms = Array.isArray(parsed) ? parsed : [parsed];
  return (logits, targets) => {
    const values = terms.map((term) => tf.mul(evaluate(term, logits, targets), term.weight));
    return values.reduce((sum, value) => tf.add(sum, value)) as tf.Scalar;
  };
}

function evaluate(term: LossTerm, logits: tf.Tensor4D, targets: tf.Tensor4D): tf.Scalar {
  switch (term.name) {
    case 'bce':
      return binaryCrossEntropy(logits, targets, term.posWeight);
    case 'dice':
      return diceLoss(logits, targets, term);
    case 'focal':
      return focalLoss(logits, targets, term);
    default:
      return term satisfies never;
  }
}

/** What a model returns: logits, and those of an auxiliary head where it has one, all `[N, H, W, C]`. */
export interface ModelOutput {
  readonly logits: tf.Tensor4D;
  readonly auxiliary?: tf.Tensor4D | undefined;
}

/**
 * The loss of a model's output, in float32 also within a function compiled for bfloat16; an auxiliary head counts `auxiliaryWeight` (torchvision's segmentation references
 * use 0.5).
 */
export function lossOfOutput(
  loss: Loss,
  output: ModelOutput,
  targets: tf.Tensor4D,
  auxiliaryWeight = 0.5,
): tf.Scalar {
  const main = loss(keepFloat32(output.logits), targets);
  if (output.auxiliary === undefined) return main;
  return tf.add(main, tf.mul(loss(keepFloat32(output.auxiliary), targets), auxiliaryWeight));
}
