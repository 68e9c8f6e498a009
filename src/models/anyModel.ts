import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../nn/context.ts';
import { buildModel } from './buildModel.ts';
import type { BuildOptions } from './buildModel.ts';
import { parseModel } from './modelSchema.ts';
import type { ModelConfig, ModelOptions } from './modelSchema.ts';
import type { SegmentationModel } from './segmentationModel.ts';
import { buildVolumeModel, parseVolumeModel } from './volumes/buildVolumeModel.ts';
import { isVolumeName } from './volumes/options.ts';
import type { VolumeModelConfig, VolumeModelOptions } from './volumes/options.ts';
import { VolumeModel } from './volumes/volumeModel.ts';

/** A network on images or on volumes, for what concerns both alike: to look at it and to run it. */
export type AnyModel = SegmentationModel | VolumeModel;
export type AnyModelOptions = ModelOptions | VolumeModelOptions;
export type AnyModelConfig = ModelConfig | VolumeModelConfig;

/** As `parseModel`, of a network on images or, told by the decoder's name, on volumes. */
export function parseAnyModel(options: unknown, where?: string): AnyModelConfig {
  const { decoder } = (options ?? {}) as { decoder?: { name?: unknown } | null };
  return isVolumeName(decoder?.name) ? parseVolumeModel(options, where) : parseModel(options, where);
}

/** Whether a network takes volumes. */
export function takesVolumes(options: AnyModelOptions): options is VolumeModelOptions {
  return isVolumeName(options.decoder.name);
}

/** As `buildModel`. */
export function buildAnyModel(options: AnyModelOptions, build?: BuildOptions): AnyModel {
  return takesVolumes(options) ? buildVolumeModel(options, build) : buildModel(options, build);
}

/** Logits, channels last, of images or volumes, channels last; whether they are what the model takes is for the caller. */
export function logitsOf(model: AnyModel, x: tf.Tensor, context: Context): tf.Tensor {
  return model instanceof VolumeModel
    ? model.forward(x as tf.Tensor5D, context).logits
    : model.forward(x as tf.Tensor4D, context).logits;
}
