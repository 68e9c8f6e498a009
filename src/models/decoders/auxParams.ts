import { z } from 'zod';
import { strictOptions } from '../options.ts';

export const auxParams = strictOptions({
  /** Logits per image. */
  classes: z.int().min(1).max(4096),
  /** What of each channel of the encoder's deepest feature goes on: its mean, or its largest value. */
  pooling: z.enum(['avg', 'max']).default('avg'),
  /** Share of values dropped before the last layer, in [0, 1). */
  dropout: z.number().min(0).lt(1).default(0.2),
});

/** A second head that classifies the image as a whole. */
export type AuxParams = z.output<typeof auxParams>;
