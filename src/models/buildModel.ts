import { initialize } from '../nn/initialize.ts';
import { UnetDecoder } from './decoders/unet.ts';
import { UnetPlusPlusDecoder } from './decoders/unetplusplus.ts';
import { EncoderDecoder } from './encoderDecoder.ts';
import type { EncoderConfig } from './encoders/options.ts';
import { createEncoder } from './encoders/registry.ts';
import { ResNet, resnetVariants } from './encoders/resnet.ts';
import { FCN } from './fcn.ts';
import { decoderChannels, parseModel } from './modelSchema.ts';
import type { DilatedEncoder, ModelConfig, ModelOptions } from './modelSchema.ts';
import type { SegmentationModel } from './segmentationModel.ts';

export interface BuildOptions {
  /** The same seed gives the same weights. Default 0. */
  readonly seed?: number;
}

/**
 * Builds a model with random weights, drawn as the original draws them. Needs the engine (`startEngine`); the
 * caller owns the model and frees it with `dispose()`.
 *
 * @throws PhalanxError `model/options` when the options are not valid.
 */
export function buildModel(options: ModelOptions, { seed = 0 }: BuildOptions = {}): SegmentationModel {
  const model = assembleModel(parseModel(options));
  initialize(model, seed);
  return model;
}

/** The model's tree without values: names, shapes and counts need neither memory nor the engine. */
export function assembleModel({ decoder, encoder, inChannels, classes }: ModelConfig): SegmentationModel {
  switch (decoder.name) {
    case 'unet': {
      const base = createEncoder(encoder, inChannels);
      return new EncoderDecoder(
        base,
        new UnetDecoder(base.outChannels, decoderChannels(decoder, encoder), decoder),
        classes,
      );
    }
    case 'unetplusplus': {
      const base = createEncoder(encoder, inChannels);
      return new EncoderDecoder(
        base,
        new UnetPlusPlusDecoder(base.outChannels, decoderChannels(decoder, encoder), decoder),
        classes,
      );
    }
    case 'fcn': {
      // The schema pairs them, which TypeScript cannot follow through two members.
      const { name } = encoder as EncoderConfig<DilatedEncoder>;
      const variant = resnetVariants[name];
      return new FCN(new ResNet({ variant, inChannels, depth: 5, dilated: true }), classes, decoder);
    }
    default:
      return decoder satisfies never;
  }
}
