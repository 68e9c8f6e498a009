import type { Decoder } from './decoders/decoder.ts';
import type { DecoderName } from './decoders/options.ts';
import { UnetDecoder } from './decoders/unet.ts';
import { UnetPlusPlusDecoder } from './decoders/unetplusplus.ts';
import { EncoderDecoder } from './encoderDecoder.ts';
import type { Encoder } from './encoders/encoder.ts';
import { createEncoder } from './encoders/registry.ts';
import { ResNet, resnetVariants } from './encoders/resnet.ts';
import { FCN } from './fcn.ts';
import { decoderChannels, hasCenter } from './modelSchema.ts';
import type { ModelConfig, PairConfig } from './modelSchema.ts';
import { UnetOriginal } from './networks/unetOriginal.ts';
import type { SegmentationModel } from './segmentationModel.ts';

type Assemble<Name extends DecoderName> = (config: ModelConfig<Name>) => SegmentationModel;

/** Of a decoder that segmentation-models-pytorch puts between an encoder and a head. */
function onEncoder<Name extends DecoderName>(
  createDecoder: (encoder: Encoder, config: PairConfig<Name>) => Decoder,
): (config: PairConfig<Name>) => SegmentationModel {
  return (config) => {
    const encoder = createEncoder(config.encoder, config.inChannels);
    return new EncoderDecoder(encoder, createDecoder(encoder, config), config.classes);
  };
}

const models: { readonly [Name in DecoderName]: Assemble<Name> } = {
  unet: onEncoder(
    ({ outChannels }, { decoder, encoder }) =>
      new UnetDecoder(outChannels, decoderChannels(decoder, encoder), {
        ...decoder,
        center: decoder.center ?? hasCenter(encoder),
      }),
  ),
  unetplusplus: onEncoder(
    ({ outChannels }, { decoder, encoder }) =>
      new UnetPlusPlusDecoder(outChannels, decoderChannels(decoder, encoder), {
        ...decoder,
        idleCenter: hasCenter(encoder),
      }),
  ),
  fcn: ({ decoder, encoder, inChannels, classes }) => {
    const variant = resnetVariants[encoder.name];
    return new FCN(new ResNet({ variant, inChannels, depth: 5, dilated: true }), classes, decoder);
  },
  'unet-original': ({ decoder, inChannels, classes }) => new UnetOriginal(inChannels, classes, decoder),
};

/** The model's tree without values: names, shapes and counts need neither memory nor the engine. */
export function assembleModel(config: ModelConfig): SegmentationModel {
  // The table's type pairs each name with its own options, which TypeScript cannot follow through a union.
  return (models[config.decoder.name] as Assemble<DecoderName>)(config);
}
