import type { Encoder } from './encoder.ts';
import type { EncoderConfig, EncoderName } from './options.ts';
import { ResNet, resnetVariants } from './resnet.ts';

type Create = (config: EncoderConfig, inChannels: number) => Encoder;

function resnet(name: keyof typeof resnetVariants): Create {
  return ({ depth }, inChannels) => new ResNet({ variant: resnetVariants[name], inChannels, depth });
}

const encoders = {
  resnet18: resnet('resnet18'),
  resnet34: resnet('resnet34'),
  resnet50: resnet('resnet50'),
} satisfies Record<EncoderName, Create>;

/** The encoder's tree, without values, as segmentation-models-pytorch's `get_encoder` builds it. */
export function createEncoder(config: EncoderConfig, inChannels: number): Encoder {
  return encoders[config.name](config, inChannels);
}
