import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { keepFloat32 } from '../keepFloat32.ts';
import type { LabelSums } from '../../engine/ops/labelSums.ts';
import { bceSchema, binaryCrossEntropy, positiveWeights } from './bce.ts';
import { diceLoss, diceSchema } from './dice.ts';
import { focalLoss, focalSchema } from './focal.ts';
import { knownInputs } from './partlyKnown.ts';
import { targetBoundaries, targetSums } from './targets.ts';
import type { KnownTargets, Targets } from './targets.ts';

export const lossTermSchema = z.discriminatedUnion('name', [bceSchema, diceSchema, focalSchema]);

/** One loss, or several that are added, each times its weight: `[{ name: 'bce', weight: 5 }, { name: 'dice' }]`. */
export const lossSchema = z.union([lossTermSchema, z.array(lossTermSchema).min(1)]);

/** A loss as an experiment writes it; defaults may be left out. */
export type LossSpec = z.input<typeof lossSchema>;

type LossTerm = z.output<typeof lossTermSchema>;

/**
 * A loss of logits `[N, H, W, C]` (not probabilities) and packed labels, int32 `[N, H, W, ceil(C / 32)]`, or those of
 * blended samples. Unknown pixels (`PartlyKnown`) count as segmentation-models-pytorch's `ignore_index`: they add nothing
 * to sums; `bce` is still divided by all pixels, as its `SoftBCEWithLogitsLoss`, `focal` by those that are known. It is
 * never negative: the trainer takes a negative value as the sign of wrong inputs and stops.
 */
export type Loss = (logits: tf.Tensor4D, targets: Targets) => tf.Scalar;

/** The function that a specification describes: the weighted sum of its terms. */
export function buildLoss(spec: LossSpec): Loss {
  const parsed = lossSchema.parse(spec);
  const terms = Array.isArray(parsed) ? parsed : [parsed];
  return (given, compared) => {
    const { logits, targets, share } = knownInputs(given, compared);
    const sumsOf = sumsByWeight(logits, targets);
    const shared = terms.find((term) => term.name === 'bce')?.posWeight;
    const evaluate = (term: LossTerm): tf.Scalar => {
      switch (term.name) {
        case 'bce':
          return binaryCrossEntropy(sumsOf(term.posWeight), logits.size / logits.shape[3]);
        case 'dice':
          return diceLoss(sumsOf(shared), term);
        case 'focal':
          return share === undefined
            ? focalLoss(logits, targets, term)
            : tf.div(focalLoss(logits, targets, term), share);
      }
    };
    const values = terms.map((term) => tf.mul(evaluate(term), term.weight));
    return values.reduce((sum, value) => tf.add(sum, value)) as tf.Scalar;
  };
}

type PosWeight = Extract<LossTerm, { name: 'bce' }>['posWeight'];

/** One pass over the logits for each positive weight; terms that do not ask for one take part in another's. */
function sumsByWeight(logits: tf.Tensor4D, targets: KnownTargets): (posWeight: PosWeight) => LabelSums {
  const sums = new Map<string | undefined, LabelSums>();
  return (posWeight) => {
    const key = JSON.stringify(posWeight);
    let result = sums.get(key);
    if (result === undefined) {
      result = targetSums(logits, targets, positiveWeights(posWeight, logits.shape[3]));
      sums.set(key, result);
    }
    return result;
  };
}

/** What a model returns: logits, and those of auxiliary heads where it has some, all `[N, H, W, C]`. */
export interface ModelOutput {
  readonly logits: tf.Tensor4D;
  readonly auxiliary?: readonly tf.Tensor4D[] | undefined;
}

/**
 * The loss of a model's output, in float32 also within a function compiled for bfloat16.
 *
 * @param auxiliaryWeight Factor of the loss of every auxiliary head (torchvision's segmentation references use 0.5), or
 *   of each.
 * @param auxiliaryTarget What auxiliary heads are compared with: the labels, or their boundaries (`labelBoundaries`).
 */
export function lossOfOutput(
  loss: Loss,
  output: ModelOutput,
  labels: Targets,
  auxiliaryWeight: number | readonly number[] = 0.5,
  auxiliaryTarget: 'labels' | 'boundaries' = 'labels',
): tf.Scalar {
  const main = loss(keepFloat32(output.logits), labels);
  const target =
    auxiliaryTarget === 'boundaries' && output.auxiliary !== undefined ? targetBoundaries(labels) : labels;
  return (output.auxiliary ?? []).reduce((sum, logits, index) => {
    const weight = typeof auxiliaryWeight === 'number' ? auxiliaryWeight : auxiliaryWeight[index]!;
    return tf.add(sum, tf.mul(loss(keepFloat32(logits), target), weight));
  }, main);
}
