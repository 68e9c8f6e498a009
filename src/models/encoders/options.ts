import { z } from 'zod';
import { namedOptions, unknownName } from '../options.ts';

const pyramid = {
  /** Number of halvings of the resolution whose features reach the decoder. */
  depth: z.literal([3, 4, 5]).default(5),
  /**
   * What training starts from: `random` (the default), a `.safetensors` or `.pth` file, or a name such as `imagenet` of
   * weights that `phalanx model import` has put into the weights folder.
   */
  weights: z.string().min(1).optional(),
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
  ['resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152'],
  "Residual network (He et al. 2016), as torchvision's, with segmentation-models-pytorch's names.",
  pyramid,
);

const resnext = family(
  ['resnext50_32x4d', 'resnext101_32x8d'],
  "ResNeXt (Xie et al. 2017), as torchvision's, with segmentation-models-pytorch's names.",
  pyramid,
);

const wideResnet = family(
  ['wide_resnet50_2'],
  "Wide residual network (Zagoruyko and Komodakis 2016), torchvision's, which segmentation-models-pytorch lacks.",
  pyramid,
);

const vggNames = [
  'vgg11',
  'vgg11_bn',
  'vgg13',
  'vgg13_bn',
  'vgg16',
  'vgg16_bn',
  'vgg19',
  'vgg19_bn',
] as const;

const vgg = family(
  vggNames,
  "VGG (Simonyan and Zisserman 2015), as torchvision's, with segmentation-models-pytorch's names.",
  pyramid,
);

const densenetNames = ['densenet121', 'densenet161', 'densenet169', 'densenet201'] as const;

const densenet = family(
  densenetNames,
  "DenseNet (Huang et al. 2017), as torchvision's, with segmentation-models-pytorch's names.",
  pyramid,
);

const mobilenetV2 = family(
  ['mobilenet_v2'],
  "MobileNetV2 (Sandler et al. 2018), as torchvision's, with segmentation-models-pytorch's name.",
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
  ...resnext,
  ...wideResnet,
  ...vgg,
  ...densenet,
  ...mobilenetV2,
  ...efficientnet,
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
