import { z } from 'zod';
import { ttaSchema } from '../inference/tta/options.ts';

const text = z.string().min(1);
const weight = z.number().nonnegative().max(1e6);

/** A member of an ensemble: one of `run`, `logits` and `ensemble`. */
export const memberSchema = z
  .strictObject({
    /** A run's folder, identifier or experiment (the newest run of it). */
    run: text.optional(),
    /** A folder of logits, such as `phalanx logits import` writes. */
    logits: text.optional(),
    /** Another ensemble's file; it is joined in its own way first, and its `output` is not written. */
    ensemble: text.optional(),
    /** Relative to the other members; one for all classes, or by class (1 where one is not named). */
    weight: z.union([weight.positive(), z.record(text, weight)]).default(1),
    /** The classes that it takes part in; all by default. */
    classes: z.array(text).min(1).optional(),
    /** Of a run: its own test-time augmentation, where it is not the ensemble's. */
    tta: ttaSchema.optional(),
  })
  .refine(
    ({ run, logits, ensemble }) => [run, logits, ensemble].filter((each) => each !== undefined).length === 1,
    { error: 'exactly one of run, logits and ensemble' },
  );

export type MemberDeclaration = z.output<typeof memberSchema>;
