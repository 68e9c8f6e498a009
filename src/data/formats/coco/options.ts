import { z } from 'zod';
import { classNames, layoutOptions, place } from '../layoutOptions.ts';

/** Instances as COCO's JSON files hold them: polygons, or run lengths, plain or compressed. */
export const cocoSchema = z.strictObject({
  name: z.literal('coco'),
  /** Categories that are classes, in the order of the model's outputs. Default: all, by their identifiers. */
  classes: classNames.optional(),
  /** The JSON file of a split; `{split}` is the split's folder. */
  annotations: place.default('{split}/annotations.json'),
  /**
   * Whether regions of crowds (`iscrowd`) belong to their class; `unknown`: losses and scores leave their pixels out, where
   * no single object is.
   */
  crowds: z.union([z.boolean(), z.literal('unknown')]).default(true),
  ...layoutOptions,
});

export type CocoFormat = z.output<typeof cocoSchema>;
