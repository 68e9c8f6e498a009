import { PhalanxError } from '../../core/errors.ts';
import type { Dataset, SampleEntry, Split } from '../../data/dataset.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { RunParser, area, intersectionArea, isRunDefect } from './runs.ts';
import type { Boundaries } from './runs.ts';
import { malformed, readSubmission } from './submission.ts';

/** A submission's Dice scores, as the competition computes them on full-size masks. */
export interface SubmissionScore {
  /** Mean over images for each class, then over classes. */
  readonly meanDice: number;
  /** Mean over images, by class, in the dataset's order. */
  readonly perClass: Readonly<Record<string, number>>;
  /** Mean over classes, by image, in the dataset's order. */
  readonly perImage: Readonly<Record<string, number>>;
}

/** The competition's ε, in pixels. */
const epsilon = 1e-4;

/**
 * Scores a submission against the dataset's annotations by merging runs; no predicted mask is decoded, and labels
 * are read one image at a time when the rows are in order.
 *
 * @throws PhalanxError `submission/malformed`, `submission/rows` when rows are missing, duplicate or unknown,
 *   `score/no-annotations`, and what the dataset's reader throws.
 */
export async function scoreSubmission(
  path: string,
  dataset: Dataset,
  split: Split = 'test',
): Promise<SubmissionScore> {
  const { classes } = dataset;
  const entries = dataset.entries[split];
  requireAnnotations(dataset, split, entries);
  const images = new Map(entries.map((entry, index) => [entry.id, index]));
  const classIndices = new Map(classes.map((name, index) => [name, index]));
  const dice = new Float64Array(entries.length * classes.length).fill(NaN);
  const truths = new Map<number, Truth>();
  const parser = new RunParser();
  for await (const row of readSubmission(path)) {
    const image = images.get(row.imageName);
    const c = classIndices.get(row.className);
    const index = image === undefined || c === undefined ? -1 : image * classes.length + c;
    if (image === undefined || c === undefined || !Number.isNaN(dice[index])) {
      throw wrongRows(path, row.line, index < 0 ? 'an unknown' : 'a second', row.imageName, row.className);
    }
    let truth = truths.get(image);
    if (truth === undefined) {
      const labels = await dataset.readLabels(entries[image]!);
      truth = {
        pixels: labels.width * labels.height,
        masks: classBoundaries(labels),
        left: classes.length,
      };
      truths.set(image, truth);
    }
    const predicted = parser.parse(row.rle, truth.pixels);
    if (isRunDefect(predicted)) {
      throw malformed(path, row.line, `${predicted.what}, at byte ${predicted.position} of the rle`);
    }
    dice[index] = diceOf(predicted, truth.masks[c]!);
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
  readonly pixels: number;
  readonly masks: readonly Boundaries[];
  /** Rows still to come. */
  left: number;
}

/** Dice = 2·|A∩B| / (|A| + |B| + ε). */
function diceOf(a: Boundaries, b: Boundaries): number {
  return (2 * intersectionArea(a, b)) / (area(a) + area(b) + epsilon);
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

/** The masks of all classes from one scan: a bit that differs from the pixel before opens or closes a run. */
function classBoundaries({ planes, classes }: LabelMap): Boundaries[] {
  const boundaries: number[][] = Array.from({ length: classes }, () => []);
  for (const [p, plane] of planes.entries()) {
    let previous = 0;
    for (let i = 0; i <= plane.length; i++) {
      const bits = i < plane.length ? plane[i]! : 0;
      for (let changed = bits ^ previous; changed !== 0; changed &= changed - 1) {
        boundaries[32 * p + 31 - Math.clz32(changed & -changed)]!.push(i);
      }
      previous = bits;
    }
  }
  return boundaries.map((list) => Uint32Array.from(list));
}

function requireAnnotations(dataset: Dataset, split: Split, entries: readonly SampleEntry[]): void {
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
