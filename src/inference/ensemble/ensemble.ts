import { existsSync } from 'node:fs';
import { PhalanxError } from '../../core/errors.ts';
import type { SampleEntry } from '../../data/dataset.ts';
import type { PostProcess } from '../postProcess/spec.ts';
import { SubmissionWriter } from '../submission/writer.ts';
import type { WrittenSubmission } from '../submission/writer.ts';
import { checkMembers, leavesOf } from './combination.ts';
import type { AnyMember, Combination } from './combination.ts';
import { EnsemblePrediction, isWorkedOn } from './ensemblePrediction.ts';
import { manifestPath, writeManifest } from './manifest.ts';
import type { SubmissionManifest } from './manifest.ts';
import { recordsOf, requireAgreement } from './members.ts';

export interface EnsembleOptions {
  /** One or more; a single model's submission is an ensemble of one. */
  readonly members: readonly AnyMember[];
  /** How they are joined; default `logits`. */
  readonly combine?: Combination;
  /** The images of the submission, in its order. */
  readonly entries: readonly SampleEntry[];
  /** In the submission's order. */
  readonly classes: readonly string[];
  /** Where the CSV goes; its manifest goes beside it. */
  readonly out: string;
  /** Probability above which a pixel belongs to a class: one for all, or one per class. Default 0.5. */
  readonly threshold?: number | readonly number[];
  /** What is done to the masks of each class, `[classes]`. Default nothing. */
  readonly postProcess?: readonly PostProcess[];
  /** Replace `out` if it exists. Default false. */
  readonly overwrite?: boolean;
  /**
   * Given the hash of what would be written; what it throws leaves what was there before. The submission's manifest is
   * there already then, and stays.
   */
  readonly check?: (sha256: string) => void;
  /** For the manifest: the resolved declaration. */
  readonly config?: unknown;
  /** For the manifest: the file of decisions that weights, thresholds and post-processing come from. */
  readonly decisions?: SubmissionManifest['decisions'];
  /** For the manifest. */
  readonly scores?: Readonly<Record<string, number>>;
  readonly signal?: AbortSignal | undefined;
}

export type EnsembleEvent =
  | { readonly type: 'started'; readonly images: number; readonly members: number }
  | {
      readonly type: 'progress';
      readonly done: number;
      readonly total: number;
      readonly image: string;
      readonly imagesPerSecond: number;
    }
  | {
      readonly type: 'finished';
      readonly submission: WrittenSubmission;
      readonly manifest: string;
      readonly seconds: number;
    };

/** Images in work at once: one is read and mixed while another is upsampled and encoded. */
const inWork = 2;

/**
 * Joins members' logits into a submission, image by image: upsampling to the image's size, mean or vote
 * (`combinations`), threshold, post-processing, runs. Memory does not grow with the number of images, members or
 * classes. Leaving the loop, aborting or any error leaves what was there before.
 *
 * @throws PhalanxError `ensemble/weights`, `ensemble/combine`, `ensemble/thresholds`, `ensemble/members-differ`,
 *   `ensemble/output-exists`, `logits/damaged`, `file/write`; the signal's reason.
 */
export async function* ensemble(options: EnsembleOptions): AsyncGenerator<EnsembleEvent> {
  const { members, combine = 'logits', entries, classes, out, signal } = options;
  const started = performance.now();
  const thresholds = thresholdsOf(options.threshold ?? 0.5, classes);
  requireFree(out, options.overwrite ?? false);
  checkMembers({ members, combine }, classes);
  const stored = await requireAgreement(leavesOf(members), entries, classes, signal);
  yield { type: 'started', images: entries.length, members: members.length };
  const labelled = new EnsemblePrediction(members, classes, thresholds, combine, options.postProcess);
  await using writer = await SubmissionWriter.open(out);
  const ahead: Promise<readonly string[]>[] = [];
  let next = 0;
  try {
    for (let done = 0; done < entries.length; done++) {
      signal?.throwIfAborted();
      while (next < entries.length && ahead.length < inWork) {
        const rows = labelled.rows(entries[next++]!.id);
        rows.catch(() => undefined);
        ahead.push(rows);
      }
      const rows = await ahead.shift()!;
      const image = entries[done]!.id;
      for (const [c, rle] of rows.entries()) await writer.write(image, classes[c]!, rle);
      const imagesPerSecond = ((done + 1) * 1000) / (performance.now() - started);
      yield { type: 'progress', done: done + 1, total: entries.length, image, imagesPerSecond };
    }
  } finally {
    await Promise.allSettled(ahead);
  }
  const submission = await writer.commit(options.check);
  const manifest =
    options.check === undefined
      ? await writeManifest(submission, aboutOf(options, recordsOf(members, stored), thresholds))
      : manifestPath(submission.path);
  yield { type: 'finished', submission, manifest, seconds: (performance.now() - started) / 1000 };
}

/** @throws PhalanxError `ensemble/output-exists`. */
export function requireFree(out: string, overwrite: boolean): void {
  if (overwrite || !existsSync(out)) return;
  throw new PhalanxError('ensemble/output-exists', {
    what: 'The submission exists already',
    where: out,
    fix: 'Choose another name, or replace it with --force',
  });
}

function aboutOf(
  { classes, entries, combine = 'logits', config, scores, postProcess = [], decisions }: EnsembleOptions,
  members: SubmissionManifest['members'],
  thresholds: readonly number[],
): Parameters<typeof writeManifest>[1] {
  return {
    combine,
    classes,
    images: entries.map(({ id }) => id),
    members,
    thresholds: Object.fromEntries(classes.map((name, c) => [name, thresholds[c]!])),
    ...(isWorkedOn(postProcess)
      ? { postProcess: Object.fromEntries(classes.map((name, c) => [name, postProcess[c]!])) }
      : {}),
    ...(decisions === undefined ? {} : { decisions }),
    ...(config === undefined ? {} : { config }),
    ...(scores === undefined ? {} : { scores }),
  };
}

function thresholdsOf(threshold: number | readonly number[], classes: readonly string[]): readonly number[] {
  const thresholds = typeof threshold === 'number' ? classes.map(() => threshold) : threshold;
  const fits = thresholds.length === classes.length && thresholds.every((t) => t > 0 && t < 1);
  if (fits) return thresholds;
  throw new PhalanxError('ensemble/thresholds', {
    what: 'The thresholds cannot be used',
    expected: `one probability between 0 and 1, or one for each of ${classes.length} classes`,
    received: `[${thresholds.join(', ')}]`,
  });
}
