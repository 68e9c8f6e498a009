import { PhalanxError } from '../../core/errors.ts';
import type { Dataset, SampleEntry, Split } from '../../data/dataset.ts';
import { complementLabels, knownLabels } from '../../labels/classSets.ts';
import { labelRuns, runDice, voteRuns } from '../../labels/runs.ts';
import type { RunMask } from '../../labels/runs.ts';
import { submissionDialects } from './dialects.ts';
import type { SubmissionDialect } from './dialects.ts';
import { readSubmission, rowMask } from './submission.ts';

/** A submission's Dice scores, as the competition computes them on full-size masks. */
export interface SubmissionScore {
  /** Mean over images for each class, then over classes. */
  readonly meanDice: number;
  /** Mean over images, by class, in the dataset's order. */
  readonly perClass: Readonly<Record<string, number>>;
  /** Mean over classes, by image, in the dataset's order. */
  readonly perImage: Readonly<Record<string, number>>;
}

/**
 * Scores a submission against the dataset's annotations by merging runs; no predicted mask is decoded, and labels
 * are read one image at a time when the rows are in order. Unknown pixels count for nothing.
 *
 * @throws PhalanxError `submission/malformed`, `submission/rows` when rows are missing, duplicate or unknown,
 *   `score/no-annotations`, and what the dataset's reader throws.
 */
export async function scoreSubmission(
  path: string,
  dataset: Dataset,
  split: Split = 'test',
  dialect: SubmissionDialect = submissionDialects['hand-bone'],
): Promise<SubmissionScore> {
  const { classes } = dataset;
  const { order } = dialect.rle;
  const entries = dataset.entries[split];
  requireAnnotations(dataset, split, entries);
  const images = new Map(entries.map((entry, index) => [entry.id, index]));
  const classIndices = new Map(classes.map((name, index) => [name, index]));
  const dice = new Float64Array(entries.length * classes.length).fill(NaN);
  const truths = new Map<number, Truth>();
  for await (const row of readSubmission(path, dialect)) {
    const image = images.get(row.imageName);
    const c = classIndices.get(row.className);
    const index = image === undefined || c === undefined ? -1 : image * classes.length + c;
    if (image === undefined || c === undefined || !Number.isNaN(dice[index])) {
      throw wrongRows(path, row.line, index < 0 ? 'an unknown' : 'a second', row.imageName, row.className);
    }
    let truth = truths.get(image);
    if (truth === undefined) {
      const labels = await dataset.readLabels(entries[image]!);
      const { unknown } = labels;
      truth = {
        width: labels.width,
        height: labels.height,
        masks: await labelRuns(unknown === undefined ? labels : await knownLabels(labels, unknown), order),
        known:
          unknown === undefined
            ? undefined
            : (
                await labelRuns(await complementLabels({ ...labels, classes: 1, planes: [unknown] }), order)
              )[0],
        left: classes.length,
      };
      truths.set(image, truth);
    }
    const predicted = rowMask(path, row, truth, dialect);
    const known =
      truth.known === undefined
        ? predicted
        : voteRuns(
            [predicted, truth.known].map((mask) => ({ mask, weight: 1 })),
            2,
          );
    dice[index] = runDice(known, truth.masks[c]!);
    if (--truth.left === 0) truths.delete(image);
  }
  const missing = dice.findIndex(Number.isNaN);
  if (missing >= 0) {
    const entry = entries[Math.floor(missing / classes.length)]!;
    throw wrongRows(path, undefined, 'no', entry.id, classes[missing % classes.length]!);
  }
  return summarize(dice, entries, classes);
}

interface Truth {
  readonly width: number;
  readonly height: number;
  readonly masks: readonly RunMask[];
  /** Where the truth is known, if not everywhere. */
  readonly known: RunMask | undefined;
  /** Rows still to come. */
  left: number;
}

function summarize(
  dice: Float64Array,
  entries: readonly SampleEntry[],
  classes: readonly string[],
): SubmissionScore {
  const at = (image: number, c: number): number => dice[image * classes.length + c]!;
  const perClass = classes.map((_, c) => mean(entries.map((__, image) => at(image, c))));
  const perImage = entries.map((_, image) => mean(classes.map((__, c) => at(image, c))));
  return {
    meanDice: mean(perClass),
    perClass: Object.fromEntries(classes.map((name, c) => [name, perClass[c]!])),
    perImage: Object.fromEntries(entries.map(({ id }, image) => [id, perImage[image]!])),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** @throws PhalanxError `score/no-annotations` when the split has no images, or one without annotation. */
export function requireAnnotations(dataset: Dataset, split: Split, entries: readonly SampleEntry[]): void {
  const bare = entries.find(({ annotationPath }) => annotationPath === undefined);
  if (entries.length > 0 && bare === undefined) return;
  throw new PhalanxError('score/no-annotations', {
    what: `The ${split} images cannot be scored`,
    where: dataset.root,
    expected: 'an annotation of every image',
    received: bare === undefined ? 'no images' : `none of ${bare.imagePath}`,
  });
}

function wrongRows(
  path: string,
  line: number | undefined,
  what: string,
  image: string,
  className: string,
): PhalanxError {
  return new PhalanxError('submission/rows', {
    what: 'The submission does not have one row per image and class',
    where: line === undefined ? path : `${path}, line ${line}`,
    received: `${what} row of "${image.slice(0, 200)}", "${className.slice(0, 200)}"`,
    fix: 'List every defect with: phalanx submission check',
  });
}
