import { z } from 'zod';
import type { Interpolation } from '../../nn/interpolate.ts';
import { namedOptions } from '../options.ts';
import { unknownDecoder } from '../volumes/options.ts';
import { auxParams } from './auxParams.ts';

export type { AuxParams } from './auxParams.ts';

/** Channels by resolution. */
const levels = z.array(z.int().min(1).max(4096)).min(2).max(8).readonly();

const channelCount = z.int().min(1).max(4096);
const rate = z.number().min(0).lt(1);

const onEncoder = {
  /** A second head, on the encoder's deepest feature, that classifies the image as a whole; the trainer does not use it. */
  auxParams: auxParams.optional(),
};

const norm = {
  /** What follows each convolution; `identity` gives the convolution a bias instead. */
  useNorm: z.enum(['batchnorm', 'identity']).default('batchnorm'),
};

const interpolations = z.enum(['nearest', 'bilinear'] as const satisfies readonly Interpolation[]);

const interpolation = {
  /** How feature maps are upsampled. */
  interpolation: interpolations.default('nearest'),
};

const blocks = {
  /** Output channels of each block, deepest first, one per encoder stage. Default: the last of 256, 128, 64, 32, 16. */
  channels: z.array(channelCount).readonly().optional(),
};

const deeplab = {
  ...onEncoder,
  /** Output channels of every layer but the first on the feature of high resolution. */
  channels: channelCount.default(256),
  /** Dilations of the three convolutions in the spatial pyramid. */
  atrousRates: z
    .tuple([z.int().min(1).max(256), z.int().min(1).max(256), z.int().min(1).max(256)])
    .readonly()
    .default([12, 24, 36]),
  /** Share of values dropped at the end of the spatial pyramid, in [0, 1). */
  asppDropout: rate.default(0.5),
};

const center = {
  /** Two more convolutions between encoder and decoder. Default: as the original, only after a VGG encoder. */
  center: z.boolean().optional(),
};

const unet = {
  ...onEncoder,
  ...blocks,
  ...norm,
  /** `scse`: concurrent spatial and channel squeeze-and-excitation (Roy et al. 2018). */
  attentionType: z.enum(['scse']).nullable().default(null),
  ...interpolation,
};

/**
 * Deep supervision: while training, heads on the decoder's feature maps before the last have losses of their own.
 */
const supervision = {
  /** Weight of the loss of each feature map, in the order of computation, beside 1 for the result; `true`: 1 for each; `false`: none. */
  deepSupervision: z.union([z.boolean(), z.array(z.number().min(0)).min(1).readonly()]).default(false),
};

/** Options of every decoder, by name. */
export const decoderSchemas = {
  /** U-Net (Ronneberger et al. 2015), as segmentation-models-pytorch's `Unet`. */
  unet: namedOptions('unet', {
    ...unet,
    ...center,
  }),
  /** U-Net++ (Zhou et al. 2018), as segmentation-models-pytorch's `UnetPlusPlus`. */
  unetplusplus: namedOptions('unetplusplus', { ...unet, ...supervision }),
  /** Feature pyramid network (Lin et al. 2017), as segmentation-models-pytorch's `FPN`. */
  fpn: namedOptions('fpn', {
    ...onEncoder,
    /** Output channels of each level of the pyramid. */
    pyramidChannels: channelCount.default(256),
    /** Output channels of the branch on each level; a multiple of 32, which their normalization takes together. */
    segmentationChannels: channelCount.default(128),
    /** Whether the branches are added or put side by side. */
    mergePolicy: z.enum(['add', 'cat']).default('add'),
    /** Share of channels dropped before the last convolution, in [0, 1). */
    dropout: rate.default(0.2),
    ...interpolation,
    ...supervision,
  }),
  /** DeepLabv3 (Chen et al. 2017), as segmentation-models-pytorch's `DeepLabV3`. */
  deeplabv3: namedOptions('deeplabv3', {
    ...deeplab,
    /** Pixels of the image per pixel of the encoder's deepest feature, which is dilated for that. */
    encoderOutputStride: z.literal([8, 16]).default(8),
    /** Whether the dilated convolutions are depthwise and pointwise ones. */
    asppSeparable: z.boolean().default(false),
  }),
  /** DeepLabv3+ (Chen et al. 2018), as segmentation-models-pytorch's `DeepLabV3Plus`. */
  deeplabv3plus: namedOptions('deeplabv3plus', {
    ...deeplab,
    /** Pixels of the image per pixel of the encoder's deepest feature, which is dilated for that. */
    encoderOutputStride: z.literal([8, 16]).default(16),
    /** Whether the dilated convolutions are depthwise and pointwise ones. */
    asppSeparable: z.boolean().default(true),
  }),
  /** MA-Net (Fan et al. 2020), as segmentation-models-pytorch's `MAnet`. Its attention takes memory as the square of the deepest feature's pixels. */
  manet: namedOptions('manet', {
    ...onEncoder,
    ...blocks,
    ...norm,
    /** Channels by which the attention compares pixels. */
    pabChannels: channelCount.default(64),
    ...interpolation,
  }),
  /** LinkNet (Chaurasia and Culurciello 2017), as segmentation-models-pytorch's `Linknet`. */
  linknet: namedOptions('linknet', { ...onEncoder, ...norm }),
  /** PSPNet (Zhao et al. 2017), as segmentation-models-pytorch's `PSPNet`. The original's encoder has depth 3 by default, here it is 5 as everywhere. */
  pspnet: namedOptions('pspnet', {
    ...onEncoder,
    /** Output channels of the decoder. */
    pspOutChannels: channelCount.default(512),
    ...norm,
    /** Share of channels dropped before the last convolution, in [0, 1). */
    pspDropout: rate.default(0.2),
  }),
  /** Pyramid attention network (Li et al. 2018), as segmentation-models-pytorch's `PAN`. */
  pan: namedOptions('pan', {
    ...onEncoder,
    /** Pixels of the image per pixel of the encoder's deepest feature, which is dilated for 16. */
    encoderOutputStride: z.literal([16, 32]).default(16),
    /** Output channels of every block. */
    channels: channelCount.default(32),
    /** How feature maps are upsampled. */
    interpolation: interpolations.default('bilinear'),
  }),
  /** UPerNet (Xiao et al. 2018), as segmentation-models-pytorch's `UPerNet`. */
  upernet: namedOptions('upernet', {
    ...onEncoder,
    /** Output channels of every block. */
    channels: channelCount.default(256),
    ...norm,
  }),
  /** SegFormer's decoder (Xie et al. 2021), as segmentation-models-pytorch's `Segformer`. */
  segformer: namedOptions('segformer', {
    ...onEncoder,
    /** Output channels of every layer. */
    segmentationChannels: channelCount.default(256),
  }),
  /** DeepLabv3 (Chen et al. 2017) on a dilated encoder, as torchvision's `deeplabv3_resnet50`; its encoder must be a residual network of bottlenecks, of depth 5. */
  'deeplabv3-torchvision': namedOptions('deeplabv3-torchvision', {
    /** Share of values dropped at the end of the spatial pyramid, in [0, 1). */
    asppDropout: rate.default(0.5),
    /** Share of values dropped before the last convolution of the auxiliary head, in [0, 1). */
    dropout: rate.default(0.1),
    /** A second head on the third stage, for a loss while training. */
    auxiliary: z.boolean().default(true),
  }),
  /** Fully convolutional network (Long et al. 2015) on a dilated encoder, as torchvision's `fcn_resnet50`; its encoder must be a residual network of bottlenecks, of depth 5. */
  fcn: namedOptions('fcn', {
    /** Share of values dropped before the last convolution of each head, in [0, 1). */
    dropout: z.number().min(0).lt(1).default(0.1),
    /** A second head on the third stage, for a loss while training. */
    auxiliary: z.boolean().default(true),
  }),
  /** UNet 3+ (Huang et al. 2020) on an encoder, as its authors' PyTorch code; without classification-guided module. */
  unet3plus: namedOptions('unet3plus', {
    /** Channels that each resolution contributes to a stage. */
    catChannels: z.int().min(1).max(4096).default(64),
    ...supervision,
  }),
  /** Attention U-Net (Oktay et al. 2018) on an encoder, as the PyTorch code of LeeJunHyun. */
  'attention-unet': namedOptions('attention-unet', {
    channels: unet.channels,
  }),
  /** A U-Net with one encoder for each modality (group of the image's channels), whose features are fused at every stage. The encoder's options and weights are those of each. */
  'multi-input-unet': namedOptions('multi-input-unet', {
    ...unet,
    ...center,
    /** Channels of each modality, two or more, in the order of the image's channels; their sum is `inChannels`. Default: one each. */
    inputs: z.array(z.int().min(1).max(1024)).min(2).max(1024).readonly().optional(),
    /** `sum` and `concat` of the modalities' features; `attention`: their sum, each times a share that is learnt from the means of all, per image and stage, and together 1. */
    fusion: z.enum(['sum', 'concat', 'attention']).default('sum'),
  }),
  /** A U-Net with a second decoder for boundaries (as in Psi-Net, Murugesan et al. 2019), which while training has a loss of its own against the boundaries of the labels. */
  'dual-branch-unet': namedOptions('dual-branch-unet', {
    ...unet,
    ...center,
    /** Weight of the boundary's loss, beside 1 for the segmentation's. */
    boundaryWeight: z.number().min(0).default(1),
    /** Whether the segmentation is made of both branches' feature maps; otherwise the boundary's branch only trains the encoder, and costs nothing in inference. */
    boundaryGuidance: z.boolean().default(true),
  }),
  /** U-Net as published (Ronneberger et al. 2015), a whole network: no encoder. */
  'unet-original': namedOptions('unet-original', {
    /** Channels of each resolution, the image's first. */
    channels: levels.default([64, 128, 256, 512, 1024]),
    /** `paper`: as published. `mirrored`: the decoder mirrors the encoder, with one convolution at the lowest resolution. */
    layout: z.enum(['paper', 'mirrored']).default('paper'),
    /** Zeros around every 3×3 convolution, so that logits have the image's size; needed in experiments. The paper has none: 572 pixels give 388. */
    padding: z.boolean().default(false),
    /** Batch normalization after every 3×3 convolution. */
    batchNorm: z.boolean().default(false),
  }),
  /** Lite reduced atrous spatial pyramid pooling (Howard et al. 2019) on a dilated encoder, as torchvision's `lraspp_mobilenet_v3_large`; its encoder must be `mobilenet_v3_large` of depth 5. */
  lraspp: namedOptions('lraspp', {}),
  /** The U-Net for LUNA16 of "Deep Learning with PyTorch" (Stevens et al. 2020), a whole network: no encoder. Defaults are the book's. */
  'luna-unet': namedOptions('luna-unet', {
    /** Number of resolutions. */
    depth: z.int().min(2).max(8).default(3),
    /** The first resolution has 2^wf channels, each one below twice as many. */
    wf: z.int().min(0).max(8).default(4),
    /** Zeros around every 3×3 convolution, so that logits have the image's size; needed in experiments. */
    padding: z.boolean().default(true),
    /** Batch normalization after every activation; the input's is always there. */
    batchNorm: z.boolean().default(true),
    /** `upconv`: transposed convolutions. `upsample`: bilinear, then a convolution of 1×1. */
    upMode: z.enum(['upconv', 'upsample']).default('upconv'),
  }),
  /** A U-Net of depthwise separable convolutions, a whole network: no encoder. */
  'light-unet': namedOptions('light-unet', {
    /** Channels of each resolution, the image's first. */
    channels: levels.default([32, 64, 128, 256, 512]),
  }),
};

export type DecoderName = keyof typeof decoderSchemas;
export type DecoderOptions<Name extends DecoderName = DecoderName> = {
  [N in Name]: z.input<(typeof decoderSchemas)[N]>;
}[Name];
export type DecoderConfig<Name extends DecoderName = DecoderName> = {
  [N in Name]: z.output<(typeof decoderSchemas)[N]>;
}[Name];

export const decoderNames = Object.keys(decoderSchemas) as readonly DecoderName[];

type DecoderSchema = (typeof decoderSchemas)[DecoderName];

export const decoderSchema = z.discriminatedUnion(
  'name',
  Object.values(decoderSchemas) as [DecoderSchema, ...DecoderSchema[]],
  { error: ({ input }) => unknownDecoder((input as { name?: unknown } | null)?.name, decoderNames) },
);
