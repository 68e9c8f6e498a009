import { z } from 'zod';
import type { Interpolation } from '../../nn/interpolate.ts';
import { namedOptions, unknownName } from '../options.ts';

/** Channels by resolution. */
const levels = z.array(z.int().min(1).max(4096)).min(2).max(8).readonly();

const unet = {
  /** Output channels of each block, deepest first, one per encoder stage. Default: the last of 256, 128, 64, 32, 16. */
  channels: z.array(z.int().min(1).max(4096)).readonly().optional(),
  /** What follows each convolution; `identity` gives the convolution a bias instead. */
  useNorm: z.enum(['batchnorm', 'identity']).default('batchnorm'),
  /** `scse`: concurrent spatial and channel squeeze-and-excitation (Roy et al. 2018). */
  attentionType: z.enum(['scse']).nullable().default(null),
  /** How feature maps are upsampled. */
  interpolation: z
    .enum(['nearest', 'bilinear'] as const satisfies readonly Interpolation[])
    .default('nearest'),
};

/** Options of every decoder, by name. */
export const decoderSchemas = {
  /** U-Net (Ronneberger et al. 2015), as segmentation-models-pytorch's `Unet`. */
  unet: namedOptions('unet', {
    ...unet,
    /** Two more convolutions between encoder and decoder. Default: as the original, only after a VGG encoder. */
    center: z.boolean().optional(),
  }),
  /** U-Net++ (Zhou et al. 2018), as segmentation-models-pytorch's `UnetPlusPlus`. */
  unetplusplus: namedOptions('unetplusplus', unet),
  /** Fully convolutional network (Long et al. 2015) on a dilated encoder, as torchvision's `fcn_resnet50`; its encoder must be a residual network of bottlenecks, of depth 5. */
  fcn: namedOptions('fcn', {
    /** Share of values dropped before the last convolution of each head, in [0, 1). */
    dropout: z.number().min(0).lt(1).default(0.1),
    /** A second head on the third stage, for a loss while training. */
    auxiliary: z.boolean().default(true),
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
  { error: ({ input }) => unknownName('decoder', (input as { name?: unknown } | null)?.name, decoderNames) },
);
