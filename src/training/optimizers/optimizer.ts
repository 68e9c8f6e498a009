import type * as tf from '@tensorflow/tfjs-core';
import type { Rates } from '../schedules.ts';

/** A trained value and its name in the model's state dict. */
export interface TrainedParameter {
  readonly name: string;
  readonly variable: tf.Variable;
}

/**
 * An update rule. The part that depends on the step's number is computed here in double precision and enters the
 * traced step as a small vector, so no schedule ever causes a retrace.
 */
export interface Optimizer {
  /** Moments and the like, by `parameter.moment`; float32, in the engine's layout of the parameter. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /**
   * The vector for one update.
   *
   * @param step 1-based number of the update.
   */
  hyperparameters(step: number, rates: Rates): Float32Array;
  /** The vector under which `update`, given gradients of zero, changes neither parameters nor state. */
  readonly standstill: Float32Array;
  /**
   * Inside a traced function: assigns parameters and state.
   *
   * @param gradients One per parameter, in their order; a parameter without one is left alone, as PyTorch does.
   * @param hyperparameters As `hyperparameters()` made them, `[K]`.
   */
  update(gradients: readonly (tf.Tensor | undefined)[], hyperparameters: tf.Tensor1D): void;
  /** Frees the state. */
  dispose(): void;
}
