import { z } from 'zod';
import { weightMethods } from '../inference/search/methods.ts';

/** Where an ensemble's weights, thresholds and post-processing come from when they are not declared. */
export const weightSearchSchema = z.union([
  z.strictObject({
    /** Look for them. */
    search: z.strictObject({
      /** Methods whose weights are compared; the best by cross-validation is then tried class by class. */
      methods: z
        .array(z.enum(weightMethods))
        .min(1)
        .default([...weightMethods]),
      /** Whether classes may have weights of their own. */
      perClass: z.boolean().default(true),
      /** Whether thresholds are looked for. */
      thresholds: z.boolean().default(true),
      /** Whether post-processing is looked for. */
      postProcess: z.boolean().default(true),
      /** Dice of a class that is neither labelled nor predicted: 0 as in the hand-bone competition, or 1. */
      bothEmpty: z.union([z.literal(0), z.literal(1)]).default(0),
      /** Share of the people that the search never sees, on whom its outcome is scored. */
      heldOut: z.number().min(0).max(0.9).default(0.2),
      /** Parts of the other people, for cross-validation. */
      parts: z.int().min(2).max(100).default(4),
      /** Of the dealing and of the methods. */
      seed: z.int().nonnegative().default(0),
    }),
  }),
  z.strictObject({
    /** A file that a search wrote, from the folder the command runs in. */
    from: z.string().min(1),
  }),
]);
