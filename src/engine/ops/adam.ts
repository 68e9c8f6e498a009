import * as tf from '@tensorflow/tfjs-core';
import { attribute, runOps } from '../op.ts';
import { startedEngine } from '../running.ts';
import { scalars } from './scalars.ts';

export interface AdamInputs {
  readonly parameter: tf.Tensor;
  /** Running mean of the gradient. */
  readonly mean: tf.Tensor;
  /** Running mean of the gradient's square. */
  readonly square: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** `[5]`: step size, epsilon, 1 - beta1, 1 - beta2 and decay, the first two with the corrections of bias in them. */
  readonly hyperparameters: tf.Tensor1D;
}

/** `l2`: the parameter times the decay is added to the gradient; `decoupled`: it is multiplied by the decay. */
export type AdamDecay = 'none' | 'l2' | 'decoupled';

export interface AdamResult {
  readonly parameter: tf.Tensor;
  readonly mean: tf.Tensor;
  readonly square: tf.Tensor;
}

/**
 * One parameter's update by Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019). On the CPU one pass over
 * memory, elsewhere of TensorFlow's ops.
 */
export function adamUpdate(inputs: AdamInputs, decay: AdamDecay): AdamResult {
  if (startedEngine().info.device !== 'cpu') return composedAdamUpdate(inputs, decay);
  const { parameter, mean, square, gradient, hyperparameters } = inputs;
  const [newParameter, newMean, newSquare] = runOps(
    'PhalanxAdam',
    [attribute.string('decay', decay)],
    [parameter, mean, square, gradient, hyperparameters],
    3,
  );
  return { parameter: newParameter!, mean: newMean!, square: newSquare! };
}

/** The same, of TensorFlow's ops. */
export function composedAdamUpdate(inputs: AdamInputs, decay: AdamDecay): AdamResult {
  const { parameter, hyperparameters } = inputs;
  const [stepSize, epsilon, share1, share2, decayFactor] = scalars(hyperparameters, 5);
  const decayed = tf.mul(parameter, decayFactor!);
  const gradient = decay === 'l2' ? tf.add(inputs.gradient, decayed) : inputs.gradient;
  const mean = tf.add(inputs.mean, tf.mul(tf.sub(gradient, inputs.mean), share1!));
  const square = tf.add(inputs.square, tf.mul(tf.sub(tf.square(gradient), inputs.square), share2!));
  const change = tf.mul(tf.div(mean, tf.add(tf.sqrt(square), epsilon!)), stepSize!);
  return { parameter: tf.sub(decay === 'decoupled' ? decayed : parameter, change), mean, square };
}
