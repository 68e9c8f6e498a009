import { z } from 'zod';

const share = z.number().min(0).max(100);

/**
 * How numbers of more than 8 bits become the bytes that a model sees: `low` and below is 0, `high` and above is 255.
 * Numbers are those of the file after its rescaling: Hounsfield units in CT, grey values elsewhere.
 */
export const intensitySchema = z.discriminatedUnion('name', [
  z
    .strictObject({
      name: z.literal('window'),
      /** What becomes 0. */
      low: z.number(),
      /** What becomes 255. */
      high: z.number(),
    })
    .refine(({ low, high }) => low < high, { error: 'low must be below high', path: ['high'] }),
  z
    .strictObject({
      name: z.literal('percentile'),
      /** Percent of an image's (a volume's) numbers below what becomes 0. */
      low: share.default(0.5),
      /** Percent of an image's (a volume's) numbers below what becomes 255. */
      high: share.default(99.5),
    })
    .refine(({ low, high }) => low < high, { error: 'low must be below high', path: ['high'] }),
  z.strictObject({
    /** From an image's (a volume's) least number to its greatest. */
    name: z.literal('range'),
  }),
  z.strictObject({
    /** The first window that a DICOM file names. */
    name: z.literal('file'),
  }),
]);

/** A mapping of numbers to bytes; without one, see `defaultIntensity`. */
export type Intensity = z.output<typeof intensitySchema>;

/** For numbers of more than 8 bits in files that name no window. */
export const defaultIntensity: Intensity = { name: 'percentile', low: 0.5, high: 99.5 };
