import { existsSync } from 'node:fs';
import { join, parse } from 'node:path';
import { writeFileAtomic } from '../core/atomicFile.ts';
import { PhalanxError } from '../core/errors.ts';
import type { Dataset, SampleEntry } from '../data/dataset.ts';
import { encodePng } from '../data/encodePng.ts';
import { encodeRle, rleDialects } from '../labels/rle.ts';
import { logitOf, upsampleThresholdPack } from '../labels/upsample.ts';
import type { Logits } from '../labels/upsample.ts';
import { combineLogits, sharesOf } from './ensemble/combine.ts';
import type { EnsembleMember } from './ensemble/combine.ts';
import { requireAgreement } from './ensemble/members.ts';
import { SubmissionWriter } from './submission/writer.ts';

export interface PseudoLabelOptions {
  /** Their mean of logits is what is labelled. */
  readonly members: readonly EnsembleMember[];
  readonly dataset: Dataset;
  readonly entries: readonly SampleEntry[];
  /** Folder of the dataset that is written. */
  readonly directory: string;
  /** Least mean confidence of an image's classes, in [0, 1]; images below it are left out. */
  readonly confidence: number;
  /** Probability above which a pixel belongs to a class. Default 0.5. */
  readonly threshold?: number;
  /** Replace a dataset that is there. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** How sure the labels of an image are. */
export interface ImageConfidence {
  readonly image: string;
  /** Mean over classes. */
  readonly confidence: number;
  readonly kept: boolean;
  readonly classes: Readonly<Record<string, number>>;
}

export type PseudoLabelEvent =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'finished'; readonly kept: number; readonly left: number };

/** How the written dataset is read; `data.further[].format`. */
export function pseudoLabelFormat(classes: readonly string[]) {
  return { name: 'rle-table', classes, dialect: 'hand-bone' } as const;
}

/**
 * Writes what models are confident of as a dataset: the images as they are read, in `train/images/<person>/`, the masks in
 * `train.csv`, and in `confidence.json` how sure each image and class is. The table comes last, so that a folder without
 * one is not finished, and the same call finishes it.
 *
 * @throws PhalanxError `labels/exists`, `labels/none-confident`, `ensemble/members-differ`, `logits/damaged`, `file/write`,
 *   what reading images throws; the signal's reason.
 */
export async function* writePseudoLabels(options: PseudoLabelOptions): AsyncGenerator<PseudoLabelEvent> {
  const { members, dataset, entries, directory, confidence: least, threshold = 0.5, signal } = options;
  const { classes } = dataset;
  const table = join(directory, 'train.csv');
  if (existsSync(table) && options.overwrite !== true) throw exists(directory);
  await requireAgreement(members, entries, classes, signal);
  const shares = sharesOf(members, classes.length);
  const thresholds = new Float32Array(classes.length).fill(logitOf(threshold));
  const images: ImageConfidence[] = [];
  const names = new Set<string>();
  await using writer = await SubmissionWriter.open(table);
  for (const [index, entry] of entries.entries()) {
    signal?.throwIfAborted();
    const files = await Promise.all(members.map(({ store }) => store.read(entry.id)));
    const logits = await combineLogits(files, shares);
    const each = classConfidences(logits, logitOf(threshold));
    const confidence = each.reduce((sum, value) => sum + value, 0) / classes.length;
    const kept = confidence >= least;
    const byClass = Object.fromEntries(classes.map((name, c) => [name, rounded(each[c]!)]));
    images.push({ image: entry.id, confidence: rounded(confidence), kept, classes: byClass });
    if (kept) {
      const name = fileName(entry.id, names);
      const folder = join(directory, 'train', 'images', fileName(entry.person, new Set()));
      await writeFileAtomic(join(folder, `${name}.png`), await encodePng(await dataset.readImage(entry)));
      const { originalHeight: height, originalWidth: width } = files[0]!.info;
      const labels = await upsampleThresholdPack(logits, { width, height, thresholds });
      const rows = await encodeRle(labels, rleDialects.handBone);
      for (const [c, rle] of rows.entries()) await writer.write(`${name}.png`, classes[c]!, rle);
    }
    yield { type: 'progress', done: index + 1, total: entries.length };
  }
  const kept = images.filter((image) => image.kept).length;
  if (kept === 0) throw noneConfident(images, least);
  const about = {
    confidence: least,
    threshold,
    members: members.map(({ name }) => name),
    format: pseudoLabelFormat(classes),
    images,
  };
  await writeFileAtomic(join(directory, 'confidence.json'), `${JSON.stringify(about, null, 2)}\n`);
  await writer.commit();
  yield { type: 'finished', kept, left: images.length - kept };
}

/**
 * How sure a model is of each class, `[classes]`: the mean probability of the pixels that it gives the class, or, where it
 * gives it none, 1 less the highest probability of any pixel.
 *
 * @param threshold As a logit.
 */
export function classConfidences({ data, classes }: Logits, threshold: number): Float64Array {
  const sums = new Float64Array(classes);
  const counts = new Float64Array(classes);
  const highest = new Float64Array(classes).fill(-Infinity);
  for (let i = 0, c = 0; i < data.length; i++) {
    const logit = data[i]!;
    if (logit > highest[c]!) highest[c] = logit;
    if (logit > threshold) {
      sums[c]! += sigmoid(logit);
      counts[c]!++;
    }
    if (++c === classes) c = 0;
  }
  return sums.map((sum, c) => (counts[c] === 0 ? sigmoid(-highest[c]!) : sum / counts[c]!));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}

/** A name of its own for a file, of letters, digits, dots and dashes. */
function fileName(text: string, taken: Set<string>): string {
  const plain = parse(text.replaceAll(/[^\p{L}\p{N}._-]/gu, '_').replace(/^\.+/, '_')).name || '_';
  let name = plain;
  for (let i = 2; taken.has(name); i++) name = `${plain}-${i}`;
  taken.add(name);
  return name;
}

function exists(directory: string): PhalanxError {
  return new PhalanxError('labels/exists', {
    what: 'There is a dataset already',
    where: directory,
    fix: 'Choose another folder, or ask for it to be overwritten',
  });
}

function noneConfident(images: readonly ImageConfidence[], least: number): PhalanxError {
  const highest = images.reduce((best, { confidence }) => Math.max(best, confidence), 0);
  return new PhalanxError('labels/none-confident', {
    what: 'No image is predicted with enough confidence, so there is nothing to write',
    expected: `a mean confidence of at least ${least}`,
    received: `${highest} at most`,
    fix: 'Lower --confidence, or train longer',
  });
}
