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

export const vggNames = [
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

export const densenetNames = ['densenet121', 'densenet161', 'densenet169', 'densenet201'] as const;

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

export type LitePadding = 'symmetric' | 'same';

function paddingOf(weights = 'random'): LitePadding | undefined {
  if (weights === 'random') return 'symmetric';
  return weights === 'imagenet' ? 'same' : undefined;
}

/** The parameters do not say which padding they are for, so what cannot be known is asked for. */
function efficientnetLite<const Name extends string>(name: Name) {
  return namedOptions(name, {
    ...pyramid,
    /** Probability that training skips a residual block for a sample: 0 at the first, rising to nearly this at the last; in [0, 1). */
    dropPath: z.number().min(0).lt(1).default(0.2),
    /**
     * `symmetric` as segmentation-models-pytorch, with PyTorch's normalization (epsilon 1e-5), or `same` as timm and the
     * authors (TensorFlow's, epsilon 1e-3). Default: `same` with the weights `imagenet`, which are the authors',
     * `symmetric` with random ones; other weights need it said.
     */
    padding: z.enum(['symmetric', 'same']).optional(),
  })
    .transform(({ padding, ...options }, context) => {
      const known = padding ?? paddingOf(options.weights);
      if (known !== undefined) return { ...options, padding: known };
      context.addIssue({
        code: 'custom',
        path: ['padding'],
        message: `weights do not say which padding they are for: set it to same for TensorFlow's and timm's, to symmetric for segmentation-models-pytorch's own`,
      });
      return z.NEVER;
    })
    .describe(
      "EfficientNet-Lite, as segmentation-models-pytorch's `timm-tf_efficientnet_lite0` and its siblings, or timm's.",
    );
}

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
  ...resnext,
  ...wideResnet,
  ...vgg,
  ...densenet,
  ...mobilenetV2,
  ...mobilenetV3,
  ...efficientnet,
  tf_efficientnet_lite0: efficientnetLite('tf_efficientnet_lite0'),
  tf_efficientnet_lite1: efficientnetLite('tf_efficientnet_lite1'),
  tf_efficientnet_lite2: efficientnetLite('tf_efficientnet_lite2'),
  tf_efficientnet_lite3: efficientnetLite('tf_efficientnet_lite3'),
  tf_efficientnet_lite4: efficientnetLite('tf_efficientnet_lite4'),
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
