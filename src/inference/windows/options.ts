import { z } from 'zod';

const side = z.int().min(16).max(16384);
const size = z.union([side, z.strictObject({ width: side, height: side })]);

/** What the model is shown of an image at once. */
export const inferenceSchema = z
  .discriminatedUnion('mode', [
    /** The whole image, at `data.imageSize`. */
    z.strictObject({ mode: z.literal('whole') }),
    /** Windows that overlap, whose logits are joined by their weighted mean. */
    z.strictObject({
      mode: z.literal('slidingWindow'),
      /** Side of the square windows, or both sides; pixels. Images that are smaller are surrounded with black. */
      window: size,
      /** Share of a window that the next one covers again, in [0, 1). */
      overlap: z.number().min(0).max(0.95).default(0.5),
      /** `gaussian`: less towards the border, where a model sees least around a pixel; deviation 1/8 of the side. */
      weights: z.enum(['uniform', 'gaussian']).default('gaussian'),
      /** What the windows are cut from: the image at `data.imageSize`, as it is in its file, or at another size. */
      imageSize: z.union([z.enum(['training', 'original']), size]).default('training'),
    }),
  ])
  .readonly();

/** With every default filled in. */
export type Inference = z.output<typeof inferenceSchema>;

/** How windows are cut and joined. */
export type SlidingWindow = Extract<Inference, { mode: 'slidingWindow' }>;
