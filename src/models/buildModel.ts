import { initialize } from '../nn/initialize.ts';
import { parseModel } from './modelSchema.ts';
import type { ModelOptions } from './modelSchema.ts';
import { assembleModel } from './registry.ts';
import type { SegmentationModel } from './segmentationModel.ts';

export interface BuildOptions {
  /** The same seed gives the same weights. Default 0. */
  readonly seed?: number;
}

/**
 * Builds a model with random weights, drawn as the original draws them; `loadEncoderWeights` then loads those that the
 * encoder's options name. Needs the engine (`startEngine`); the
 * caller owns the model and frees it with `dispose()`.
 *
 * @throws PhalanxError `model/options` when the options are not valid.
 */
export function buildModel(options: ModelOptions, { seed = 0 }: BuildOptions = {}): SegmentationModel {
  const model = assembleModel(parseModel(options));
  initialize(model, seed);
  return model;
}
