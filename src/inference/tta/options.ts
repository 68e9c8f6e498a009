import { z } from 'zod';
import { ttaNames } from './names.ts';
import type { TtaName } from './names.ts';

const side = z.int().min(1).max(16384);
const factor = z.number().min(0.1).max(10);

/** Up to so many values of a transform, and transforms of a view. */
const maxValues = 32;

/** Most views of an image. */
export const maxViews = 256;

function values<Value extends z.ZodType>(value: Value) {
  return z.array(value).min(1).max(maxValues).readonly();
}

const interpolation = z.enum(['bilinear', 'nearest']).default('bilinear');

/** Each with its identity among its alternatives, but for crops; names and parameters are those of ttach. */
export const ttaTransformSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('HorizontalFlip') }),
  z.strictObject({ name: z.literal('VerticalFlip') }),
  z.strictObject({
    name: z.literal('Rotate90'),
    /** Degrees, counter-clockwise as seen. */
    angles: values(z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)])).default([
      0, 90, 180, 270,
    ]),
  }),
  z.strictObject({
    name: z.literal('Scale'),
    /** Factors of height and width; the size is rounded to what the model takes. */
    scales: values(factor),
    interpolation,
  }),
  z.strictObject({
    name: z.literal('Resize'),
    /** Pixels. */
    sizes: values(z.strictObject({ height: side, width: side })),
    interpolation,
  }),
  z.strictObject({
    name: z.literal('Add'),
    /** What is added to every value of the normalized image. */
    values: values(z.number()),
  }),
  z.strictObject({
    name: z.literal('Multiply'),
    /** What every value of the normalized image is multiplied by. */
    factors: values(z.number()),
  }),
  z.strictObject({
    name: z.literal('FiveCrops'),
    /** Pixels; at least half of the image's, so that every pixel is in a crop. */
    cropHeight: side,
    cropWidth: side,
  }),
]);

/** A transform of test images that is undone on the logits. */
export type TtaTransform = z.output<typeof ttaTransformSchema>;

/**
 * How the views' predictions are merged, as ttach's `Merger` does it, and what of: logits, or probabilities, which become
 * logits again.
 */
export const ttaMergeSchema = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('logits'), type: z.enum(['mean', 'sum', 'max', 'min', 'median']) }),
  z.strictObject({
    of: z.literal('probabilities'),
    /** `gmean`: geometric mean; `tsharpen`: mean of the square roots. */
    type: z.enum(['mean', 'gmean', 'max', 'min', 'tsharpen', 'median']),
  }),
]);

export type TtaMerge = z.output<typeof ttaMergeSchema>;

/** Test-time augmentation: the model sees every combination of the transforms, as with ttach's `Compose`. */
const composedSchema = z
  .strictObject({
    transforms: z.array(ttaTransformSchema).max(8).readonly(),
    merge: ttaMergeSchema.default({ of: 'logits', type: 'mean' }),
  })
  .refine((tta) => viewCount(tta) <= maxViews, {
    error: `they make more than ${maxViews} views of each image`,
  });

/** What a model is asked and how its answers are merged, with every default filled in. */
export type Tta = z.output<typeof composedSchema>;

/** The same as a person writes it. */
export type TtaSpec = z.input<typeof composedSchema>;

const named: Readonly<Record<TtaName, TtaSpec['transforms']>> = {
  none: [],
  hflip: [{ name: 'HorizontalFlip' }],
  vflip: [{ name: 'VerticalFlip' }],
  flip: [{ name: 'HorizontalFlip' }, { name: 'VerticalFlip' }],
  d4: [{ name: 'HorizontalFlip' }, { name: 'Rotate90' }],
};

/** A name, or transforms and a merge. */
export const ttaSchema = z.union([z.enum(ttaNames), composedSchema]);

/** What was declared, by name or in full. */
export function ttaOf(declared: z.output<typeof ttaSchema>): Tta {
  return typeof declared === 'string' ? composedSchema.parse({ transforms: named[declared] }) : declared;
}

/** ttach's `multiscale_transform`: the image at several sizes, as factors of its own. */
export function multiscale(scales: readonly number[]): TtaSpec {
  return { transforms: [{ name: 'Scale', scales }] };
}

/** ttach's `five_crop_transform`: four corners and the centre, joined to one view; sides in pixels. */
export function fiveCrop(cropHeight: number, cropWidth: number): TtaSpec {
  return { transforms: [{ name: 'FiveCrops', cropHeight, cropWidth }] };
}

/** ttach's `ten_crop_transform`: the five crops of the image and of its mirror image; sides in pixels. */
export function tenCrop(cropHeight: number, cropWidth: number): TtaSpec {
  return { transforms: [{ name: 'HorizontalFlip' }, { name: 'FiveCrops', cropHeight, cropWidth }] };
}

/** Views of each image. */
export function viewCount({ transforms }: { readonly transforms: readonly TtaTransform[] }): number {
  return transforms.reduce((views, transform) => views * alternativeCount(transform), 1);
}

function alternativeCount(transform: TtaTransform): number {
  switch (transform.name) {
    case 'HorizontalFlip':
    case 'VerticalFlip':
      return 2;
    case 'Rotate90':
      return others(transform.angles, 0).length + 1;
    case 'Scale':
      return others(transform.scales, 1).length + 1;
    case 'Resize':
      return transform.sizes.length + 1;
    case 'Add':
      return others(transform.values, 0).length + 1;
    case 'Multiply':
      return others(transform.factors, 1).length + 1;
    case 'FiveCrops':
      return 1;
  }
}

/** Each value once, without the one that changes nothing. */
export function others<Value extends number>(given: readonly Value[], identity: number): Value[] {
  return [...new Set(given)].filter((value) => value !== identity);
}
