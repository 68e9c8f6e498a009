import { initialize } from '../../nn/initialize.ts';
import type { BuildOptions } from '../buildModel.ts';
import { parseOptions } from '../options.ts';
import { volumeModelSchema } from './options.ts';
import type { VolumeModelConfig, VolumeModelOptions } from './options.ts';
import { Unet3d } from './unet3d.ts';
import type { VolumeModel } from './volumeModel.ts';

/** As `parseModel`, of a network for volumes. */
export function parseVolumeModel(options: unknown, where?: string): VolumeModelConfig {
  return parseOptions(volumeModelSchema, options, where);
}

/** The network's tree without values. */
export function assembleVolumeModel({ decoder, inChannels, classes }: VolumeModelConfig): VolumeModel {
  return new Unet3d(inChannels, classes, decoder);
}

/**
 * Builds a network for volumes with random weights, drawn as the original draws them. Needs the engine
 * (`startEngine`); the caller owns the model and frees it with `dispose()`.
 *
 * @throws PhalanxError `model/options` when the options are not valid.
 */
export function buildVolumeModel(options: VolumeModelOptions, { seed = 0 }: BuildOptions = {}): VolumeModel {
  const model = assembleVolumeModel(parseVolumeModel(options));
  initialize(model, seed);
  return model;
}
