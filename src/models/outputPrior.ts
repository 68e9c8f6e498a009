import * as tf from '@tensorflow/tfjs-core';
import type { AnyModel } from './anyModel.ts';

/** Keeps the bias finite for classes that are nowhere or everywhere. */
const MARGIN = 1e-4;

/**
 * Sets the bias of every output so that an untrained model predicts each class about as often as it occurs
 * (Lin et al. 2017, https://arxiv.org/abs/1708.02002, section 3.3).
 *
 * @param priors Share of foreground pixels of each class, in [0, 1].
 */
export function setOutputPrior(model: AnyModel, priors: readonly number[]): void {
  if (priors.length !== model.classes || !priors.every((prior) => prior >= 0 && prior <= 1)) {
    throw new RangeError(`Expected ${model.classes} priors between 0 and 1, received [${priors.join(', ')}]`);
  }
  const logits = priors.map((prior) => {
    const share = Math.min(Math.max(prior, MARGIN), 1 - MARGIN);
    return Math.log(share / (1 - share));
  });
  for (const { bias } of model.outputs) bias?.assign(tf.tensor1d(logits));
}
