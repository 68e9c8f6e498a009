import { z } from 'zod';
import { classNames, labelPlace, layoutOptions } from '../layoutOptions.ts';

/** One black-and-white file for each image and class; masks may overlap. */
export const maskFilesSchema = z
  .strictObject({
    name: z.literal('mask-files'),
    /** In the order of the model's outputs. */
    classes: classNames,
    /**
     * Where the masks are, with any extension: `{split}` is the split's folder, `{folder}` and `{name}` are the image's,
     * below `images`, `{class}` is the class. A class without a file is nowhere in the image; an image without any is not
     * annotated.
     */
    masks: labelPlace.default('{split}/masks/{class}/{folder}/{name}'),
    /**
     * Pixels above it belong to the class. Default: those that are not 0, and a mask may have one other value only, so
     * that an image is not taken for a mask.
     */
    threshold: z.int().min(0).max(65535).optional(),
    ...layoutOptions,
  })
  .refine(({ classes, masks }) => classes.length === 1 || masks.includes('{class}'), {
    error: 'must contain {class}, since there are several',
    path: ['masks'],
  });

export type MaskFilesFormat = z.output<typeof maskFilesSchema>;
