import { PhalanxError } from '../../core/errors.ts';
import { Random } from '../../core/random.ts';
import type { SampleEntry } from '../../data/dataset.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { diceOfLabels } from '../../labels/overlap.ts';
import { logitOf, upsampleThresholdPack } from '../../labels/upsample.ts';
import { combineLogits, sharesOf } from './combine.ts';
import type { EnsembleMember } from './combine.ts';
import { requireAgreement } from './members.ts';

export interface ThresholdSearchOptions {
  /** With the logits of images that none of their models was trained on. */
  readonly members: readonly EnsembleMember[];
  readonly entries: readonly SampleEntry[];
  readonly classes: readonly string[];
  /** The annotation at the image's own size. */
  readonly truth: (entry: SampleEntry) => Promise<LabelMap>;
  /** Probabilities to try; 0.5 is always among them. Default 0.2 to 0.7 in steps of 0.05. */
  readonly candidates?: readonly number[];
  /** Persons are dealt into this many parts; a threshold is judged on parts it was not chosen on. Default 4. */
  readonly parts?: number;
  /** Of the dealing. Default 0. */
  readonly seed?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What was found for one class. */
export interface ThresholdFinding {
  readonly className: string;
  /** 0.5 unless another held its gain. */
  readonly threshold: number;
  /** Best on all images, whether or not it was kept. */
  readonly best: number;
  /** Mean Dice at 0.5. */
  readonly dice: number;
  /** Mean Dice at `best` less that at 0.5, on the images it was chosen on: what a naive search would report. */
  readonly gain: number;
  /** The same for thresholds chosen without the person they are applied to: what carries over. */
  readonly heldOutGain: number;
}

const neutral = 0.5;

/**
 * Tries thresholds on out-of-fold logits, class by class, and keeps one only where cross-validation over persons says
 * that its gain carries over.
 *
 * @throws PhalanxError `thresholds/candidates`, `thresholds/too-few` with fewer persons than parts,
 *   `ensemble/members-differ`, `logits/damaged`, and what `truth` throws; the signal's reason.
 */
export async function searchThresholds(options: ThresholdSearchOptions): Promise<ThresholdFinding[]> {
  const { members, entries, classes, signal, parts = 4 } = options;
  const candidates = candidatesOf(options.candidates ?? defaultCandidates);
  const partOf = deal(entries, parts, options.seed ?? 0);
  await requireAgreement(members, entries, classes, signal);
  const shares = sharesOf(members, classes.length);
  /** `[entries][candidates]`, each `[classes]`. */
  const dice: Float64Array[][] = [];
  for (const entry of entries) {
    signal?.throwIfAborted();
    const files = await Promise.all(members.map(({ store }) => store.read(entry.id)));
    const logits = await combineLogits(files, shares);
    const truth = await options.truth(entry);
    const { width, height } = truth;
    const scores: Float64Array[] = [];
    for (const candidate of candidates) {
      const thresholds = new Float32Array(classes.length).fill(logitOf(candidate));
      const predicted = await upsampleThresholdPack(logits, { width, height, thresholds });
      scores.push(await diceOfLabels(predicted, truth));
    }
    dice.push(scores);
    options.onProgress?.(dice.length, entries.length);
  }
  return classes.map((className, c) => {
    const table = dice.map((scores) => scores.map((ofClasses) => ofClasses[c]!));
    return { className, ...choose(table, candidates, partOf, parts) };
  });
}

const defaultCandidates = Array.from({ length: 11 }, (_, i) => (20 + 5 * i) / 100);

/** @param table Dice, `[images][candidates]`. */
function choose(
  table: readonly (readonly number[])[],
  candidates: readonly number[],
  partOf: readonly number[],
  parts: number,
): Omit<ThresholdFinding, 'className'> {
  const at = candidates.indexOf(neutral);
  const best = bestOf(table, at);
  const gains = table.map((scores) => scores[best]! - scores[at]!);
  const heldOut = Array.from({ length: parts }, (_, part) => {
    const chosen = bestOf(
      table.filter((__, image) => partOf[image] !== part),
      at,
    );
    return table.filter((__, image) => partOf[image] === part).map((scores) => scores[chosen]! - scores[at]!);
  }).flat();
  const heldOutGain = mean(heldOut);
  return {
    threshold: heldOutGain > 0 ? candidates[best]! : neutral,
    best: candidates[best]!,
    dice: mean(table.map((scores) => scores[at]!)),
    gain: mean(gains),
    heldOutGain,
  };
}

/** Index of the candidate of the highest mean; `neutral` unless another is better. */
function bestOf(table: readonly (readonly number[])[], neutralAt: number): number {
  let best = neutralAt;
  let bestMean = mean(table.map((scores) => scores[neutralAt]!));
  for (const candidate of table[0]!.keys()) {
    const candidateMean = mean(table.map((scores) => scores[candidate]!));
    if (candidateMean > bestMean) [best, bestMean] = [candidate, candidateMean];
  }
  return best;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The part of each entry; a person's images share one. */
function deal(entries: readonly SampleEntry[], parts: number, seed: number): number[] {
  const persons = [...new Set(entries.map(({ person }) => person))].sort();
  if (!Number.isInteger(parts) || parts < 2 || persons.length < parts) {
    throw new PhalanxError('thresholds/too-few', {
      what: 'Thresholds cannot be cross-validated',
      expected: `at least ${Math.max(parts, 2)} held-out people, one for each part`,
      received: `${persons.length}`,
      fix: 'Predict more validation images, for example those of another fold',
    });
  }
  const order = Random.from(seed, 'threshold-parts').shuffle(persons);
  const partOf = new Map(order.map((person, index) => [person, index % parts]));
  return entries.map(({ person }) => partOf.get(person)!);
}

function candidatesOf(candidates: readonly number[]): readonly number[] {
  const wrong = candidates.find((candidate) => !(candidate > 0 && candidate < 1));
  if (wrong === undefined) return [...new Set([...candidates, neutral])].sort((a, b) => a - b);
  throw new PhalanxError('thresholds/candidates', {
    what: 'A threshold to try cannot be used',
    expected: 'a probability between 0 and 1',
    received: String(wrong),
  });
}
