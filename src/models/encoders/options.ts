import { z } from 'zod';
import { namedOptions, unknownName } from '../options.ts';

const pyramid = {
  /** Number of halvings of the resolution whose features reach the decoder. */
  depth: z.literal([3, 4, 5]).default(5),
};

/** The same options for every name of a family; the reference quotes `origin`. */
function family<const Name extends string, Shape extends z.ZodRawShape>(
  names: readonly Name[],
  origin: string,
  shape: Shape,
): { readonly [N in Name]: ReturnType<typeof namedOptions<N, Shape>> } {
  const schemas = names.map((name) => [name, namedOptions(name, shape).describe(origin)]);
  return Object.fromEntries(schemas) as { [N in Name]: ReturnType<typeof namedOptions<N, Shape>> };
}

const resnet = family(
  ['resnet18', 'resnet34', 'resnet50'],
  "Residual network (He et al. 2016), as torchvision's, with segmentation-models-pytorch's names.",
  pyramid,
);

const efficientnet = family(
  [
    'efficientnet-b0',
    'efficientnet-b1',
    'efficientnet-b2',
    'efficientnet-b3',
    'efficientnet-b4',
    'efficientnet-b5',
    'efficientnet-b6',
    'efficientnet-b7',
  ],
  "EfficientNet (Tan and Le 2019), as segmentation-models-pytorch's, with its names.",
  {
    ...pyramid,
    /** Probability that training skips a residual block for a sample: 0 at the first, rising to nearly this at the last; in [0, 1). */
    dropConnect: z.number().min(0).lt(1).default(0.2),
  },
);

const efficientnetLite = family(
  [
    'tf_efficientnet_lite0',
    'tf_efficientnet_lite1',
    'tf_efficientnet_lite2',
    'tf_efficientnet_lite3',
    'tf_efficientnet_lite4',
  ],
  "EfficientNet-Lite, as segmentation-models-pytorch's `timm-tf_efficientnet_lite0` and its siblings.",
  {
    ...pyramid,
    /** Probability that training skips a residual block for a sample: 0 at the first, rising to nearly this at the last; in [0, 1). */
    dropPath: z.number().min(0).lt(1).default(0.2),
  },
);

const mobilenetV3 = family(
  ['mobilenet_v3_large'],
  "MobileNetV3 (Howard et al. 2019), as torchvision's.",
  pyramid,
);

export const mixTransformerNames = ['mit_b0', 'mit_b1', 'mit_b2', 'mit_b3', 'mit_b4', 'mit_b5'] as const;

const mixTransformer = family(
  mixTransformerNames,
  "Mix Transformer, SegFormer's encoder (Xie et al. 2021), as segmentation-models-pytorch's, with its names.",
  {
    ...pyramid,
    /** Probability that training skips half a block for a sample: 0 at the first, rising to this at the last; in [0, 1). */
    dropPath: z.number().min(0).lt(1).default(0.1),
  },
);

/** Options of every encoder, by name. */
export const encoderSchemas = {
  ...resnet,
  ...efficientnet,
  ...efficientnetLite,
  ...mobilenetV3,
  ...mixTransformer,
};

export type EncoderName = keyof typeof encoderSchemas;
export type EncoderOptions<Name extends EncoderName = EncoderName> = {
  [N in Name]: z.input<(typeof encoderSchemas)[N]>;
}[Name];
export type EncoderConfig<Name extends EncoderName = EncoderName> = {
  [N in Name]: z.output<(typeof encoderSchemas)[N]>;
}[Name];

export const encoderNames = Object.keys(encoderSchemas) as readonly EncoderName[];

type EncoderSchema = (typeof encoderSchemas)[EncoderName];

export const encoderSchema = z.discriminatedUnion(
  'name',
  Object.values(encoderSchemas) as [EncoderSchema, ...EncoderSchema[]],
  { error: ({ input }) => unknownName('encoder', (input as { name?: unknown } | null)?.name, encoderNames) },
);
