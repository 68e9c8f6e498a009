import { z } from 'zod';
import { namedOptions, unknownName } from '../options.ts';

const pyramid = {
  /** Number of halvings of the resolution whose features reach the decoder. */
  depth: z.literal([3, 4, 5]).default(5),
};

/** Options of every encoder, by name. */
export const encoderSchemas = {
  /** Residual network (He et al. 2016), as torchvision's, with segmentation-models-pytorch's names. */
  resnet18: namedOptions('resnet18', pyramid),
  /** Residual network (He et al. 2016), as torchvision's, with segmentation-models-pytorch's names. */
  resnet34: namedOptions('resnet34', pyramid),
  /** Residual network (He et al. 2016), as torchvision's, with segmentation-models-pytorch's names. */
  resnet50: namedOptions('resnet50', pyramid),
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
  [encoderSchemas.resnet18, encoderSchemas.resnet34, encoderSchemas.resnet50],
  { error: ({ input }) => unknownName('encoder', (input as { name?: unknown } | null)?.name, encoderNames) },
);
