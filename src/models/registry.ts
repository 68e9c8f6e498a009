import { AttentionUnetDecoder } from './decoders/attentionUnet.ts';
import type { Decoder } from './decoders/decoder.ts';
import { DeepLabV3Decoder } from './decoders/deeplabv3.ts';
import { DeepLabV3PlusDecoder } from './decoders/deeplabv3plus.ts';
import { DualBranchDecoder } from './decoders/dualBranch.ts';
import { FPNDecoder } from './decoders/fpn.ts';
import { LinknetDecoder } from './decoders/linknet.ts';
import { MAnetDecoder } from './decoders/manet.ts';
import { modalities } from './decoders/modalities.ts';
import { PANDecoder } from './decoders/pan.ts';
import { PSPDecoder } from './decoders/pspnet.ts';
import { SegformerDecoder } from './decoders/segformer.ts';
import { UPerNetDecoder } from './decoders/upernet.ts';
import { deepLabHead } from './deepLabHead.ts';
import type { AuxParams, DecoderName } from './decoders/options.ts';
import { UnetDecoder } from './decoders/unet.ts';
import { UNet3PlusDecoder } from './decoders/unet3plus.ts';
import { UnetPlusPlusDecoder } from './decoders/unetplusplus.ts';
import { EncoderDecoder } from './encoderDecoder.ts';
import type { Encoder } from './encoders/encoder.ts';
import { createEncoder } from './encoders/registry.ts';
import { ResNet, resnetVariants } from './encoders/resnet.ts';
import { FCN } from './fcn.ts';
import { LRASPP } from './lraspp.ts';
import { decoderChannels, hasCenter, sideWeights } from './modelSchema.ts';
import type { ModelConfig, PairConfig } from './modelSchema.ts';
import { MultiInputUnet } from './multiInputUnet.ts';
import { LightUnet } from './networks/lightUnet.ts';
import { LunaUnet } from './networks/lunaUnet.ts';
import { UnetOriginal } from './networks/unetOriginal.ts';
import type { SegmentationModel } from './segmentationModel.ts';

type Assemble<Name extends DecoderName> = (config: ModelConfig<Name>) => SegmentationModel;

/** Options that concern what a decoder stands on or beside. */
interface SharedOptions {
  readonly auxParams?: AuxParams | undefined;
  readonly encoderOutputStride?: 8 | 16 | 32;
}

/** Of a decoder that segmentation-models-pytorch puts between an encoder and a head. */
function onEncoder<Name extends DecoderName>(
  createDecoder: (encoder: Encoder, config: PairConfig<Name>) => Decoder,
  weights: (config: PairConfig<Name>) => readonly number[] | undefined = () => undefined,
): (config: PairConfig<Name>) => SegmentationModel {
  return (config) => {
    const encoder = createEncoder(config.encoder, config.inChannels);
    const { auxParams, encoderOutputStride = 32 } = config.decoder as SharedOptions;
    if (encoderOutputStride !== 32) encoder.dilate(encoderOutputStride);
    return new EncoderDecoder(encoder, createDecoder(encoder, config), config.classes, {
      auxParams,
      sideWeights: weights(config),
    });
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
    ({ decoder, encoder }) => sideWeights(decoder, encoder),
  ),
  fpn: onEncoder(
    (encoder, { decoder }) => new FPNDecoder(encoder, decoder),
    ({ decoder, encoder }) => sideWeights(decoder, encoder),
  ),
  deeplabv3: onEncoder((encoder, { decoder }) => new DeepLabV3Decoder(encoder, decoder)),
  deeplabv3plus: onEncoder((encoder, { decoder }) => new DeepLabV3PlusDecoder(encoder, decoder)),
  manet: onEncoder(
    (encoder, config) =>
      new MAnetDecoder(encoder, decoderChannels(config.decoder, config.encoder), config.decoder),
  ),
  linknet: onEncoder((encoder, { decoder }) => new LinknetDecoder(encoder, decoder)),
  pspnet: onEncoder((encoder, { decoder }) => new PSPDecoder(encoder, decoder)),
  pan: onEncoder((encoder, { decoder }) => new PANDecoder(encoder, decoder)),
  upernet: onEncoder((encoder, { decoder }) => new UPerNetDecoder(encoder, decoder)),
  segformer: onEncoder((encoder, { decoder }) => new SegformerDecoder(encoder, decoder)),
  'deeplabv3-torchvision': ({ decoder, encoder, inChannels, classes }) => {
    const backbone = new ResNet({
      variant: resnetVariants[encoder.name],
      inChannels,
      depth: 5,
      dilated: true,
    });
    return new FCN(backbone, classes, decoder, (channels) =>
      deepLabHead(channels, classes, decoder.asppDropout),
    );
  },
  fcn: ({ decoder, encoder, inChannels, classes }) => {
    const variant = resnetVariants[encoder.name];
    return new FCN(new ResNet({ variant, inChannels, depth: 5, dilated: true }), classes, decoder);
  },
  lraspp: ({ inChannels, classes }) => new LRASPP(inChannels, classes),
  unet3plus: onEncoder(
    ({ outChannels }, { decoder }) => new UNet3PlusDecoder(outChannels, decoder.catChannels),
    ({ decoder, encoder }) => sideWeights(decoder, encoder),
  ),
  'attention-unet': onEncoder(
    ({ outChannels }, { decoder, encoder }) =>
      new AttentionUnetDecoder(outChannels, decoderChannels(decoder, encoder)),
  ),
  'multi-input-unet': ({ decoder, encoder, inChannels, classes }) =>
    new MultiInputUnet(
      modalities(decoder, inChannels).map((channels) => createEncoder(encoder, channels)),
      classes,
      {
        ...decoder,
        channels: decoderChannels(decoder, encoder),
        center: decoder.center ?? hasCenter(encoder),
      },
    ),
  'dual-branch-unet': onEncoder(
    ({ outChannels }, { decoder, encoder }) =>
      new DualBranchDecoder(outChannels, decoderChannels(decoder, encoder), {
        ...decoder,
        center: decoder.center ?? hasCenter(encoder),
      }),
    ({ decoder }) => [decoder.boundaryWeight],
  ),
  'unet-original': ({ decoder, inChannels, classes }) => new UnetOriginal(inChannels, classes, decoder),
  'luna-unet': ({ decoder, inChannels, classes }) => new LunaUnet(inChannels, classes, decoder),
  'light-unet': ({ decoder, inChannels, classes }) => new LightUnet(inChannels, classes, decoder),
};

/** The model's tree without values: names, shapes and counts need neither memory nor the engine. */
export function assembleModel(config: ModelConfig): SegmentationModel {
  // The table's type pairs each name with its own options, which TypeScript cannot follow through a union.
  return (models[config.decoder.name] as Assemble<DecoderName>)(config);
}
