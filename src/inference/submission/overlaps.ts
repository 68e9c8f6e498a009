import type { Dataset, SampleEntry, Split } from '../../data/dataset.ts';
import { mapConcurrently } from '../../data/mapConcurrently.ts';
import { overlapTable } from '../../labels/overlap.ts';
import { runArea, runIntersection } from '../../labels/runs.ts';
import type { RunMask } from '../../labels/runs.ts';
import { submissionDialects } from './dialects.ts';
import type { SubmissionDialect } from './dialects.ts';
import { SubmissionLookup } from './lookup.ts';
import { rowMask } from './submission.ts';

/** Two masks of a submission that share pixels, though the classes do so in no training image. */
export interface UnusualOverlap {
  readonly image: string;
  readonly classes: readonly [string, string];
  readonly pixels: number;
  /** Of the smaller mask, in (0, 1]. */
  readonly share: number;
}

export interface UnusualOverlaps {
  /** Annotated training images that were learned from; fewer than `fewestImages` say nothing. */
  readonly learnedFrom: number;
  /** The largest first. */
  readonly found: readonly UnusualOverlap[];
}

export interface OverlapOptions {
  readonly split?: Split;
  readonly dialect?: SubmissionDialect;
  readonly signal?: AbortSignal;
}

/** Fewer annotated images do not tell what cannot be. */
export const fewestImages = 10;
/** Of the smaller mask; less may be two outlines that touch. */
const leastShare = 0.05;

/**
 * Pairs of masks that overlap although their classes do so in no annotated training image. Reads every training
 * annotation once, then the submission, an image at a time.
 *
 * @throws what reading annotations and the submission throws.
 */
export async function unusualOverlaps(
  path: string,
  dataset: Dataset,
  { split = 'test', dialect = submissionDialects['hand-bone'], signal }: OverlapOptions = {},
): Promise<UnusualOverlaps> {
  const annotated = dataset.entries.train.filter(({ annotationPath }) => annotationPath !== undefined);
  if (annotated.length < fewestImages) return { learnedFrom: annotated.length, found: [] };
  const known = await pairsThatOverlap(dataset, annotated, signal);
  const found: UnusualOverlap[] = [];
  await using lookup = new SubmissionLookup(path, dialect);
  for (const { id, ...entry } of dataset.entries[split]) {
    signal?.throwIfAborted();
    const size = await dataset.readSize({ id, ...entry });
    const masks: RunMask[] = [];
    for (const className of dataset.classes) {
      const row = await lookup.take(id, className);
      // What is missing or malformed is what `checkSubmission` tells.
      masks.push(row === undefined ? nothing : rowMask(path, row, size, dialect));
    }
    found.push(...overlapsOf(masks, dataset.classes, known, id));
  }
  return { learnedFrom: annotated.length, found: found.sort((a, b) => b.pixels - a.pixels) };
}

const nothing: RunMask = { width: 1, height: 1, order: 'row-major', boundaries: new Uint32Array() };

/** `[classes, classes]`: whether two classes share a pixel in any of the images. */
async function pairsThatOverlap(
  dataset: Dataset,
  entries: readonly SampleEntry[],
  signal: AbortSignal | undefined,
): Promise<readonly boolean[]> {
  const known = new Array<boolean>(dataset.classes.length ** 2).fill(false);
  await mapConcurrently(
    entries,
    async (entry) => {
      const { counts } = await overlapTable(await dataset.readLabels(entry));
      for (const [pair, pixels] of counts.entries()) if (pixels > 0) known[pair] = true;
    },
    { signal },
  );
  return known;
}

function overlapsOf(
  masks: readonly RunMask[],
  classes: readonly string[],
  known: readonly boolean[],
  image: string,
): UnusualOverlap[] {
  const found: UnusualOverlap[] = [];
  for (let a = 0; a < masks.length; a++) {
    for (let b = a + 1; b < masks.length; b++) {
      if (known[a * masks.length + b]! || masks[a] === nothing || masks[b] === nothing) continue;
      const pixels = runIntersection(masks[a]!, masks[b]!);
      const share = pixels / Math.max(1, Math.min(runArea(masks[a]!), runArea(masks[b]!)));
      if (share >= leastShare) found.push({ image, classes: [classes[a]!, classes[b]!], pixels, share });
    }
  }
  return found;
}
