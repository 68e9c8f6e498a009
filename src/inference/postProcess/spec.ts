import { z } from 'zod';

const pixels = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

/** What is done to a class's mask at the image's own size, in this order; see `postProcess`. */
export const postProcessSchema = z.strictObject({
  /**
   * The class is taken for absent unless at least `minArea` pixels have a probability above `top`; where it is there,
   * its mask is that of its threshold. `{ top: 0.75, minArea: 2000 }` with threshold 0.3 is the triplet threshold of
   * the SIIM-ACR pneumothorax competition's winners.
   */
  triplet: z.strictObject({ top: z.number().gt(0).lt(1), minArea: pixels }).optional(),
  /** `open` removes what is thinner than the disk of this radius, `close` fills what is narrower; pixels. */
  smooth: z
    .strictObject({ operation: z.enum(['open', 'close']), radius: z.int().min(1).max(256) })
    .optional(),
  /** Connected components (by sides and corners) that are kept, the largest. */
  largest: z.int().min(1).max(100_000).optional(),
  /** Pixels of the smallest component that is kept. */
  minArea: pixels.optional(),
  /** Pixels of the largest hole that is filled, or `all`. */
  fillHoles: z.union([pixels, z.literal('all')]).optional(),
});

/** What is done to the masks of one class. */
export type PostProcess = z.output<typeof postProcessSchema>;
