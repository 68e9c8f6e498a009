import { z } from 'zod';
import {
  colourClass,
  ignoredValues,
  labelPlace,
  layoutOptions,
  unknownValues,
  valueClass,
} from '../layoutOptions.ts';

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
    /** Values of pixels that nobody knows, such as 255; losses and scores leave them out. Not for labels in colours. */
    unknown: unknownValues,
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
  })
  .refine(({ classes, unknown }) => unknown.length === 0 || 'value' in classes[0]!, {
    error: 'is for labels with values, not colours',
    path: ['unknown'],
  });

export type LabelImagesFormat = z.output<typeof labelImagesSchema>;
