import { z } from 'zod';
import { namedOptions, unknownName } from '../options.ts';

const pyramid = {
  /** Number of halvings of the resolution whose features reach the decoder. */
  depth: z.literal([3, 4, 5]).default(5),
};

const efficientnet = {
  ...pyramid,
  /** Probability that training skips a residual block for a sample: 0 at the first, rising to nearly this at the last; in [0, 1). */
  dropConnect: z.number().min(0).lt(1).default(0.2),
};

/** Options of every encoder, by name. */
export const encoderSchemas = {
  /** Residual network (He et al. 2016), as torchvision's, with segmentation-models-pytorch's names. */
  resnet18: namedOptions('resnet18', pyramid),
  /** Residual network (He et al. 2016), as torchvision's, with segmentation-models-pytorch's names. */
  resnet34: namedOptions('resnet34', pyramid),
  /** Residual network (He et al. 2016), as torchvision's, with segmentation-models-pytorch's names. */
  resnet50: namedOptions('resnet50', pyramid),
  /** EfficientNet (Tan and Le 2019), as segmentation-models-pytorch's, with its names. */
  'efficientnet-b0': namedOptions('efficientnet-b0', efficientnet),
  /** EfficientNet (Tan and Le 2019), as segmentation-models-pytorch's, with its names. */
  'efficientnet-b1': namedOptions('efficientnet-b1', efficientnet),
  /** EfficientNet (Tan and Le 2019), as segmentation-models-pytorch's, with its names. */
  'efficientnet-b2': namedOptions('efficientnet-b2', efficientnet),
  /** EfficientNet (Tan and Le 2019), as segmentation-models-pytorch's, with its names. */
  'efficientnet-b3': namedOptions('efficientnet-b3', efficientnet),
  /** EfficientNet (Tan and Le 2019), as segmentation-models-pytorch's, with its names. */
  'efficientnet-b4': namedOptions('efficientnet-b4', efficientnet),
  /** EfficientNet (Tan and Le 2019), as segmentation-models-pytorch's, with its names. */
  'efficientnet-b5': namedOptions('efficientnet-b5', efficientnet),
  /** EfficientNet (Tan and Le 2019), as segmentation-models-pytorch's, with its names. */
  'efficientnet-b6': namedOptions('efficientnet-b6', efficientnet),
  /** EfficientNet (Tan and Le 2019), as segmentation-models-pytorch's, with its names. */
  'efficientnet-b7': namedOptions('efficientnet-b7', efficientnet),
};

export type EncoderName = keyof typeof encoderSchemas;
export type EncoderOptions<Name extends EncoderName = EncoderName> = {
  [N in Name]: z.input<(typeof encoderSchemas)[N]>;
}[Name];
export type EncoderConfig<Name extends EncoderName = EncoderName> = {
  [N in Name]: z.output<(typeof encoderSchemas)[N]>;
}[Name];

export const encoderNames = Object.keys(encoderSchemas) as readonly EncoderName[];

export const encoderSchema = z.discriminatedUnion(
  'name',
  [
    encoderSchemas.resnet18,
    encoderSchemas.resnet34,
    encoderSchemas.resnet50,
    encoderSchemas['efficientnet-b0'],
    encoderSchemas['efficientnet-b1'],
    encoderSchemas['efficientnet-b2'],
    encoderSchemas['efficientnet-b3'],
    encoderSchemas['efficientnet-b4'],
    encoderSchemas['efficientnet-b5'],
    encoderSchemas['efficientnet-b6'],
    encoderSchemas['efficientnet-b7'],
  ],
  { error: ({ input }) => unknownName('encoder', (input as { name?: unknown } | null)?.name, encoderNames) },
);
