import { createHash } from 'node:crypto';
import { z } from 'zod';
import { PhalanxError } from '../../core/errors.ts';
import { parseDefect } from '../../data/parseDefect.ts';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import { readLimitedFile } from '../../data/limitedFile.ts';
import { postProcessSchema } from '../postProcess/spec.ts';
import { weightMethods } from './methods.ts';

const gainSchema = z.strictObject({
  /** Difference in Dice on the images that it was chosen on. */
  search: z.number(),
  /** The same chosen without the people it is measured on. */
  crossValidated: z.number(),
  /** Of the cross-validated gain. */
  standardError: z.number(),
  /** On the people that nothing was chosen on; missing where none were held out. */
  heldOut: z.number().optional(),
});

const findingSchema = z.strictObject({
  step: z.enum(['weights', 'class weights', 'threshold', 'triplet', 'smooth', 'components', 'holes']),
  /** What was tried, in words. */
  choice: z.string(),
  kept: z.boolean(),
  gain: gainSchema,
});

const scoreSchema = z.strictObject({ search: z.number(), heldOut: z.number().optional() });

const unit = z.number().min(0).max(1);
const most = 4096;

const decisionsSchema = z
  .strictObject({
    version: z.literal(1),
    /** Names of the members, in the ensemble's order. */
    members: z.array(z.string()).min(1).max(most),
    /** Of every class what is used, and what was tried for it. */
    classes: z
      .array(
        z.strictObject({
          name: z.string(),
          /** Shares of the members; they sum to 1. */
          weights: z.array(unit),
          threshold: z.number().gt(0).lt(1),
          postProcess: postProcessSchema,
          /** Mean Dice at full size of equal weights, threshold 0.5 and masks as they are. */
          before: scoreSchema,
          /** Mean Dice at full size of what is used. */
          after: scoreSchema,
          /** `before` on the search images and what cross-validation says of what was kept. */
          crossValidated: z.number(),
          findings: z.array(findingSchema),
        }),
      )
      .min(1)
      .max(most),
    /** What was tried for all classes at once. */
    findings: z.array(findingSchema),
    /** Images and people that were searched on, and those held out. */
    searched: z.strictObject({ images: z.int(), people: z.int() }),
    heldOut: z.strictObject({ images: z.int(), people: z.int() }),
    seed: z.int(),
    /** Methods whose weights were compared. */
    methods: z.array(z.enum(weightMethods)),
  })
  .superRefine(({ members, classes }, context) => {
    for (const [c, { weights }] of classes.entries()) {
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      if (weights.length === members.length && Math.abs(total - 1) < 1e-6) continue;
      const message = `must be ${members.length} shares that sum to 1`;
      context.addIssue({ code: 'custom', path: ['classes', c, 'weights'], message });
    }
  });

/** What a search found and what it is worth; `phalanx ensemble` takes it. */
export type Decisions = z.output<typeof decisionsSchema>;
/** One thing that was tried. */
export type Finding = z.output<typeof findingSchema>;

/** @throws PhalanxError `file/write`. */
export async function writeDecisions(path: string, decisions: Decisions): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(decisions, undefined, 2)}\n`);
}

/** @throws PhalanxError `search/missing`, `search/unreadable`, `search/invalid`. */
export async function readDecisions(path: string): Promise<{ decisions: Decisions; sha256: string }> {
  const bytes = await readLimitedFile(path, {
    noun: 'file of decisions',
    missing: 'search/missing',
    unreadable: 'search/unreadable',
    maxBytes: 64 * 2 ** 20,
  });
  try {
    const decisions = decisionsSchema.parse(JSON.parse(bytes.toString('utf8')));
    return { decisions, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (cause) {
    throw new PhalanxError(
      'search/invalid',
      {
        what: 'The file does not hold the decisions of a search',
        where: path,
        received: parseDefect(cause),
        fix: 'Make it again with: phalanx ensemble --search',
      },
      { cause },
    );
  }
}
