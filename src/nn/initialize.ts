import * as tf from '@tensorflow/tfjs-core';
import { Random } from '../core/random.ts';
import type { Module } from './module.ts';

/**
 * Gives every parameter and buffer its first value. Each draws from a stream named by the seed and its own dotted
 * name, so the same seed gives the same weights whatever else the model contains.
 */
export function initialize(module: Module, seed: number): void {
  for (const [name, state] of module.namedState()) {
    const random = Random.from(seed, 'weights', name);
    const stream = tf.tensor1d([random.bits() | 0, random.bits() | 0], 'int32');
    state.assign(state.initializer(state.shape, stream));
    stream.dispose();
  }
}
