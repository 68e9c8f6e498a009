import type * as tf from '@tensorflow/tfjs-core';
import type { Module } from './module.ts';

/** What one forward pass is for; handed from the model down to every layer. */
export interface Context {
  /** Batch statistics, dropout and stochastic depth on, running statistics updated. */
  readonly training: boolean;
  /** Int32 `[2]`; needed when training a model with dropout or stochastic depth. Each layer derives its own stream from it. */
  readonly seed?: tf.Tensor1D;
  /** While training, encoders keep their stages' inputs alone for the backward pass, which computes the stages again. */
  readonly recomputeStages?: boolean;
  /** Called by every layer that computes, with what it returned. */
  readonly observe?: (layer: Module, input: tf.Tensor, output: tf.Tensor) => void;
}
