import { DenseNet, densenetVariants } from './densenet.ts';
import { EfficientNet } from './efficientnet.ts';
import { EfficientNetLite } from './efficientnetLite.ts';
import { efficientnetLiteVariants } from './efficientnetLitePlan.ts';
import { efficientnetVariants } from './efficientnetPlan.ts';
import type { Encoder } from './encoder.ts';
import { MobileNetV2 } from './mobilenetV2.ts';
import { MixTransformer, mixTransformerVariants } from './mixTransformer.ts';
import { MobileNetV3 } from './mobilenetV3.ts';
import type { EncoderConfig, EncoderName } from './options.ts';
import { ResNet, resnetVariants } from './resnet.ts';
import { VGG, vggVariants } from './vgg.ts';

type Create<Name extends EncoderName> = (config: EncoderConfig<Name>, inChannels: number) => Encoder;

function resnet<Name extends keyof typeof resnetVariants>(name: Name): Create<Name> {
  return ({ depth }, inChannels) => new ResNet({ variant: resnetVariants[name], inChannels, depth });
}

function efficientnet<Name extends keyof typeof efficientnetVariants>(name: Name): Create<Name> {
  return ({ depth, dropConnect }, inChannels) =>
    new EfficientNet({ variant: efficientnetVariants[name], inChannels, depth, dropConnect });
}

function vgg<Name extends keyof typeof vggVariants>(name: Name): Create<Name> {
  return ({ depth }, inChannels) => new VGG({ variant: vggVariants[name], inChannels, depth });
}

function densenet<Name extends keyof typeof densenetVariants>(name: Name): Create<Name> {
  return ({ depth }, inChannels) => new DenseNet({ variant: densenetVariants[name], inChannels, depth });
}

function efficientnetLite<Name extends keyof typeof efficientnetLiteVariants>(name: Name): Create<Name> {
  return ({ depth, dropPath, padding }, inChannels) =>
    new EfficientNetLite({ variant: efficientnetLiteVariants[name], inChannels, depth, dropPath, padding });
}

function mixTransformer<Name extends keyof typeof mixTransformerVariants>(name: Name): Create<Name> {
  return ({ depth, dropPath }, inChannels) =>
    new MixTransformer({ variant: mixTransformerVariants[name], inChannels, depth, dropPath });
}

const encoders: { readonly [Name in EncoderName]: Create<Name> } = {
  resnet18: resnet('resnet18'),
  resnet34: resnet('resnet34'),
  resnet50: resnet('resnet50'),
  resnet101: resnet('resnet101'),
  resnet152: resnet('resnet152'),
  resnext50_32x4d: resnet('resnext50_32x4d'),
  resnext101_32x8d: resnet('resnext101_32x8d'),
  wide_resnet50_2: resnet('wide_resnet50_2'),
  vgg11: vgg('vgg11'),
  vgg11_bn: vgg('vgg11_bn'),
  vgg13: vgg('vgg13'),
  vgg13_bn: vgg('vgg13_bn'),
  vgg16: vgg('vgg16'),
  vgg16_bn: vgg('vgg16_bn'),
  vgg19: vgg('vgg19'),
  vgg19_bn: vgg('vgg19_bn'),
  densenet121: densenet('densenet121'),
  densenet161: densenet('densenet161'),
  densenet169: densenet('densenet169'),
  densenet201: densenet('densenet201'),
  mobilenet_v2: ({ depth }, inChannels) => new MobileNetV2({ depth, inChannels }),
  'efficientnet-b0': efficientnet('efficientnet-b0'),
  'efficientnet-b1': efficientnet('efficientnet-b1'),
  'efficientnet-b2': efficientnet('efficientnet-b2'),
  'efficientnet-b3': efficientnet('efficientnet-b3'),
  'efficientnet-b4': efficientnet('efficientnet-b4'),
  'efficientnet-b5': efficientnet('efficientnet-b5'),
  'efficientnet-b6': efficientnet('efficientnet-b6'),
  'efficientnet-b7': efficientnet('efficientnet-b7'),
  tf_efficientnet_lite0: efficientnetLite('tf_efficientnet_lite0'),
  tf_efficientnet_lite1: efficientnetLite('tf_efficientnet_lite1'),
  tf_efficientnet_lite2: efficientnetLite('tf_efficientnet_lite2'),
  tf_efficientnet_lite3: efficientnetLite('tf_efficientnet_lite3'),
  tf_efficientnet_lite4: efficientnetLite('tf_efficientnet_lite4'),
  mobilenet_v3_large: ({ depth }, inChannels) => new MobileNetV3({ inChannels, depth }),
  mit_b0: mixTransformer('mit_b0'),
  mit_b1: mixTransformer('mit_b1'),
  mit_b2: mixTransformer('mit_b2'),
  mit_b3: mixTransformer('mit_b3'),
  mit_b4: mixTransformer('mit_b4'),
  mit_b5: mixTransformer('mit_b5'),
};

/** The encoder's tree, without values, as segmentation-models-pytorch's `get_encoder` builds it. */
export function createEncoder(config: EncoderConfig, inChannels: number): Encoder {
  // The table's type pairs each name with its own options, which TypeScript cannot follow through a union.
  return (encoders[config.name] as Create<EncoderName>)(config, inChannels);
}
