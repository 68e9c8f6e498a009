import type { ModelOptions } from '../../src/models/modelSchema.ts';

/** Side of the images, images in a batch and logits per pixel of every work here. */
export const shape = { size: 512, batch: 2, classes: 29 } as const;

/** A model on both sides. */
export interface BenchModel {
  readonly name: string;
  /** As the experiment schema spells it; not typed as `ModelOptions`, because it may name what is not there yet. */
  readonly model: {
    readonly decoder: { readonly name: string };
    readonly encoder: { readonly name: string };
    readonly inChannels: number;
    readonly classes: number;
  };
  /** Also built in stock tfjs, by tfjs-layers. */
  readonly stockTfjs: boolean;
  /** Left out of a quick run. */
  readonly slow: boolean;
}

function bench(
  name: string,
  decoder: string,
  encoder: string,
  { stockTfjs = false, slow = false } = {},
): BenchModel {
  const { classes } = shape;
  const model = { decoder: { name: decoder }, encoder: { name: encoder }, inChannels: 3, classes };
  return { name, model, stockTfjs, slow };
}

/** What the engine is measured with: the same kernels over and over. */
export const engineModels: readonly BenchModel[] = [
  bench('U-Net/ResNet-18', 'unet', 'resnet18', { stockTfjs: true }),
  bench('U-Net/ResNet-34', 'unet', 'resnet34'),
  bench('U-Net++/ResNet-34', 'unetplusplus', 'resnet34', { slow: true }),
  bench('FCN/ResNet-50', 'fcn', 'resnet50', { slow: true }),
  bench('U-Net/EfficientNet-b0', 'unet', 'efficientnet-b0'),
];

/** What the zoo is measured with: kinds of layers that those lack, each under another decoder. */
export const zooModels: readonly BenchModel[] = [
  bench('U-Net/ResNeXt-50', 'unet', 'resnext50_32x4d'),
  bench('FPN/DenseNet-121', 'fpn', 'densenet121'),
  bench('Linknet/VGG-16', 'linknet', 'vgg16_bn'),
  bench('MA-Net/MobileNet-v2', 'manet', 'mobilenet_v2'),
  bench('DeepLabV3+/ResNet-50', 'deeplabv3plus', 'resnet50'),
  bench('PAN/EfficientNet-lite0', 'pan', 'tf_efficientnet_lite0'),
  bench('UPerNet/MiT-b1', 'upernet', 'mit_b1'),
  bench('LR-ASPP/MobileNet-v3', 'lraspp', 'mobilenet_v3_large'),
];

export const works = ['inference', 'training step'] as const;

export type Work = (typeof works)[number];

export const precisions = ['float32', 'bfloat16'] as const;

export type BenchPrecision = (typeof precisions)[number];

/** What a contender is told when it starts. */
export interface ContenderSpec {
  readonly model: BenchModel['model'];
  readonly precision: BenchPrecision;
  readonly threads: number;
  readonly size: number;
  readonly batch: number;
}

/** The model as the registry takes it; whether it does is for `parseModel` to say. */
export function modelOptions({ model }: Pick<ContenderSpec, 'model'>): ModelOptions {
  return model as ModelOptions;
}

/** PyTorch's modes, as `torch_contender.py` knows them; the first is what users run who change nothing. */
export const torchModes: Readonly<Record<BenchPrecision, readonly TorchMode[]>> = {
  float32: [
    { name: 'PyTorch eager', channelsLast: false, compiled: false },
    { name: 'PyTorch channels_last', channelsLast: true, compiled: false },
    { name: 'PyTorch compiled, channels_last', channelsLast: true, compiled: true },
  ],
  bfloat16: [
    { name: 'PyTorch channels_last, autocast', channelsLast: true, compiled: false },
    { name: 'PyTorch compiled, channels_last, autocast', channelsLast: true, compiled: true },
  ],
};

export interface TorchMode {
  readonly name: string;
  readonly channelsLast: boolean;
  readonly compiled: boolean;
}
