import { z } from 'zod';
import { maxChannels } from '../../pixels/image.ts';
import { intensitySchema } from '../intensity/options.ts';
import type { Intensity } from '../intensity/options.ts';

/** A place below the dataset's folder. */
export const place = z
  .string()
  .min(1)
  .max(500)
  .refine((path) => !/^([/\\]|[a-z]:)/i.test(path) && !path.split(/[/\\]/).includes('..'), {
    error: 'must be a path below the folder of the dataset, without ".."',
  });

const pattern = z
  .string()
  .max(500)
  .refine(isPattern, { error: 'must be a regular expression with one group, such as "^(case\\\\d+)/"' });

function isPattern(text: string): boolean {
  try {
    return new RegExp(`${text}|`, 'u').exec('')?.length === 2;
  } catch {
    return false;
  }
}

const modalityPlace = place.refine((template) => template.includes('{name}'), {
  error: "must contain {name}, the image's name without extension and suffix",
});

/** A file of an image besides its own. */
interface Modality {
  readonly file: string;
  readonly intensity?: Intensity | undefined;
}

const slices = z
  .int()
  .min(0)
  .max(maxChannels - 1);

/** 10,000 × 10,000. */
const defaultMaxPixels = 100_000_000;

/** What the formats have in common. */
export const folderOptions = {
  /** Folders to train on. Where they are not there, everything in the root is trained on. */
  train: z.array(place).min(1).readonly().default(['train']),
  /** Folders to predict; may be missing. */
  test: z.array(place).readonly().default(['test']),
  /** Where the images lie in each of those folders, in folders of their own or not; `.` is the folder itself. */
  images: place.default('images'),
  /**
   * Who an image shows, for the folds: what the one group of this regular expression finds in the image's path below
   * `images`. Default: the first folder of the path, or else each image is a person.
   */
  person: pattern.optional(),
  /** What the names of images end with and those of labels and other modalities do not, such as nnU-Net's `_0000`. */
  suffix: z.string().max(50).default(''),
  /**
   * Other files of an image, of grey images as the image itself, each a channel after its own: where they are, with any
   * extension, as in `labels`, `{name}` being the image's without `suffix`. Each may have an `intensity` of its own.
   */
  modalities: z
    .array(
      z.union([
        modalityPlace.transform((file): Modality => ({ file })),
        z.strictObject({ file: modalityPlace, intensity: intensitySchema.optional() }),
      ]),
    )
    .max(maxChannels - 1)
    .readonly()
    .default([]),
  /**
   * How many slices before and after an image are channels too, those of its volume or else the images of its folder in
   * the order of their names: one number for both sides, or `before` and `after`. The channels are the slices in
   * order, of each its modalities; at the edge, the edge's slice stands in for a missing one.
   */
  neighbours: z
    .union([
      z
        .int()
        .min(0)
        .max((maxChannels - 2) / 2),
      z.strictObject({ before: slices.default(0), after: slices.default(0) }),
    ])
    .default(0),
  /** Slices from one to the next of these. */
  step: z.int().min(1).max(1000).default(1),
  /** How more than 8 bits become bytes. Default: the window that a DICOM file names, else percentiles 0.5 and 99.5. */
  intensity: intensitySchema.optional(),
};

/** What the formats of separate image files have in common. */
export const layoutOptions = {
  ...folderOptions,
  /** Images of more pixels are refused before they are decoded. */
  maxPixels: z.int().min(1).max(1_000_000_000).default(defaultMaxPixels),
};

export type Layout = z.output<z.ZodObject<typeof layoutOptions>>;

export const className = z.string().min(1).max(100);

export const classNames = z
  .array(className)
  .min(1)
  .max(1024)
  .refine((names) => new Set(names).size === names.length, { error: 'must name each class once' })
  .readonly();

const value = z.int().min(0).max(65535);
const byte = z.int().min(0).max(255);

/** Where the files with labels are. */
export const labelPlace = place.refine((template) => template.includes('{name}'), {
  error: "must contain {name}, the image's name without extension",
});

/** A class of label images and volumes. */
export const valueClass = z.strictObject({
  name: className,
  /** The pixel value that means the class, or several; a value may belong to several classes. */
  value: z.union([value, z.array(value).min(1).readonly()]),
});

/** A class of label images in colours. */
export const colourClass = z.strictObject({
  name: className,
  /** The colour that means the class, red, green and blue from 0 to 255. */
  colour: z.tuple([byte, byte, byte]).readonly(),
});

/** Values of pixels of which nobody knows what they are. */
export const unknownValues = z.array(value).readonly().default([]);

/** Values that no class has, besides 0. */
export const ignoredValues = z.array(value).readonly().default([]);
