import { z } from 'zod';
import { classNames } from '../layoutOptions.ts';

/** The layout of the hand-bone competition with classes of one's own. */
export const polygonsSchema = z.strictObject({
  name: z.literal('polygons'),
  /** In the order of the model's outputs, as the annotations' labels name them. */
  classes: classNames,
});
