import { z } from 'zod';

const name = z.string().min(1);
const factor = z.number().min(0).max(1e6);
const side = z.int().min(32).max(16384);

/** Which training images an epoch shows, and what of them. Its parts work together. */
export const samplingSchema = z.strictObject({
  /** Images drawn in an epoch. Default: as many as there are. */
  draws: z.int().min(1).max(100_000_000).optional(),
  /** How often an image is drawn beside others (1), by its name or its person; 0 leaves it out. */
  weights: z.record(name, factor).default({}),
  /** How often images with a tag are drawn beside others; factors of several tags multiply. */
  tags: z
    .strictObject({
      /** `{ "version": 1, "tags": { imageName: [tag, …] } }` */
      file: name,
      /** By tag; 0 leaves the images out. */
      factors: z.record(name, factor),
    })
    .optional(),
  /**
   * Parts of all draws that each source has, in any unit: `main` is the dataset, `offline` what was made from it, others
   * are named in `data.further`.
   */
  sources: z.record(name, factor).optional(),
  /** Draws for the sake of a class: the class first, then an image that has it. */
  classes: z
    .strictObject({
      /** Their part of all draws. */
      share: z.number().min(0).max(1).default(0.5),
      /** How often a class is drawn beside others, by name. Default: each as often. */
      weights: z.record(name, factor).optional(),
    })
    .optional(),
  /**
   * Side or sides of the window that is cut out of each image, pixels: around a pixel of the class that the image was
   * drawn for, else anywhere.
   */
  crop: z.union([side, z.strictObject({ width: side, height: side })]).optional(),
});

export type Sampling = z.output<typeof samplingSchema>;
