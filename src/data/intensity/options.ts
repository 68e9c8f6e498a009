import { z } from 'zod';

const share = z.number().min(0).max(100);

const rises = ({ low, high }: { readonly low: number; readonly high: number }): boolean => low < high;
const notRising = { error: 'must be above low', path: ['high'] };

/** From one number to another: Hounsfield units in CT, what the file rescales its grey values to elsewhere. */
const window = z
  .strictObject({
    name: z.literal('window'),
    /** What becomes 0, and so does all below it. */
    low: z.number(),
    /** What becomes 255, and so does all above it. */
    high: z.number(),
  })
  .refine(rises, notRising);

/** From one percentile to another, of the image or of the whole volume. */
const percentile = z
  .strictObject({
    name: z.literal('percentile'),
    /** Percent of the numbers below what becomes 0. */
    low: share.default(0.5),
    /** Percent of the numbers below what becomes 255. */
    high: share.default(99.5),
  })
  .refine(rises, notRising);

/** From the least number to the greatest, of the image or of the whole volume. */
const range = z.strictObject({ name: z.literal('range') });

/** The first window that a DICOM file names. */
const file = z.strictObject({ name: z.literal('file') });

/** How numbers become the bytes that a model sees. */
export const intensitySchema = z.discriminatedUnion('name', [window, percentile, range, file]);

/** A mapping of numbers to bytes; without one, see `renderImage`. */
export type Intensity = z.output<typeof intensitySchema>;

/** For numbers of more than 8 bits in files that name no window. */
export const defaultIntensity: Intensity = { name: 'percentile', low: 0.5, high: 99.5 };
