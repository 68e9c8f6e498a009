import { z } from 'zod';
import { colourClass, ignoredValues, labelPlace, layoutOptions, valueClass } from '../layoutOptions.ts';

/** One label image for each image: a grey or palette file whose values are classes, or one in colours. */
export const labelImagesSchema = z
  .strictObject({
    name: z.literal('label-images'),
    /** In the order of the model's outputs, each with its value or its colour. */
    classes: z.union([
      z.array(valueClass).min(1).max(1024).readonly(),
      z.array(colourClass).min(1).max(1024).readonly(),
    ]),
    /** Values of pixels that are in no class, besides 0; colours that are no class's are an error but for black. */
    ignore: ignoredValues,
    /**
     * Where an image's labels are, with any extension: `{split}` is the split's folder, `{folder}` and `{name}` are the
     * image's, below `images`.
     */
    labels: labelPlace.default('{split}/labels/{folder}/{name}'),
    ...layoutOptions,
  })
  .refine(({ classes }) => new Set(classes.map(({ name }) => name)).size === classes.length, {
    error: 'must name each class once',
    path: ['classes'],
  });

export type LabelImagesFormat = z.output<typeof labelImagesSchema>;
