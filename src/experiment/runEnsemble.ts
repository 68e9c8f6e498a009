import { join } from 'node:path';
import { PhalanxError } from '../core/errors.ts';
import type { SampleEntry } from '../data/dataset.ts';
import { readHandBone } from '../data/handBone/reader.ts';
import type { LabelMap } from '../labels/labelMap.ts';
import { isJoint } from '../inference/ensemble/combination.ts';
import type { AnyMember } from '../inference/ensemble/combination.ts';
import { ensemble, requireFree } from '../inference/ensemble/ensemble.ts';
import type { EnsembleEvent } from '../inference/ensemble/ensemble.ts';
import { searchThresholds } from '../inference/ensemble/thresholds.ts';
import type { ThresholdFinding } from '../inference/ensemble/thresholds.ts';
import type { PredictionEvent } from '../inference/predict.ts';
import { byClass, memberName, membersOf, planMembers, runsOf } from './ensembleMembers.ts';
import type { PlannedMember, PlannedRun } from './ensembleMembers.ts';
import { openRunData, predictRun, storeOf } from './predictRun.ts';
import type { PredictedSplit, RunData } from './predictRun.ts';
import { storedImages } from './storedImages.ts';
import type { Ensemble } from './schema.ts';

export type RunEnsembleEvent =
  | { readonly type: 'member'; readonly name: string; readonly index: number; readonly members: number }
  | { readonly type: 'prediction'; readonly event: PredictionEvent }
  | { readonly type: 'thresholds'; readonly findings: readonly ThresholdFinding[] }
  | { readonly type: 'ensemble'; readonly event: EnsembleEvent };

export interface RunEnsembleOptions {
  readonly config: Ensemble;
  readonly runs?: string;
  readonly cache?: string;
  /** Folder of the CSV. */
  readonly submissions?: string;
  /** The dataset's folder, when it is not where it was while training. */
  readonly data?: string | undefined;
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes an ensemble's submission: each member predicts what is not predicted yet, then the logits are joined image
 * by image.
 *
 * @throws PhalanxError `run/missing`, `ensemble/*`, and what predicting throws.
 */
export async function* runEnsemble(options: RunEnsembleOptions): AsyncGenerator<RunEnsembleEvent> {
  const { config, submissions = 'submissions', overwrite = false, signal } = options;
  const out = join(submissions, `${config.output}.csv`);
  const planned = await planMembers(config, options.runs ?? 'runs');
  // Before anything is predicted, which may take hours.
  requireFree(out, overwrite);
  const { members, classes, entries } = yield* predictMembers(options, planned, 'test');
  const threshold =
    config.threshold === 'search'
      ? yield* searchedThresholds(options, planned)
      : byClass(config.threshold, classes, 'threshold', 0.5);
  const scores = Object.fromEntries(
    runsOf(planned).flatMap(({ name, run }) => {
      const { bestDice } = run.state;
      return bestDice === undefined ? [] : [[name, bestDice] as const];
    }),
  );
  const { combine } = config;
  const events = ensemble({
    members,
    combine,
    entries,
    classes,
    out,
    threshold,
    overwrite,
    config,
    scores,
    signal,
  });
  for await (const event of events) yield { type: 'ensemble', event };
}

interface Predicted {
  readonly members: readonly AnyMember[];
  readonly classes: readonly string[];
  readonly entries: readonly SampleEntry[];
  readonly truth: (entry: SampleEntry) => Promise<LabelMap>;
}

/** Predicts what the runs among the members have not predicted yet. */
async function* predictMembers(
  options: RunEnsembleOptions,
  planned: readonly PlannedMember[],
  split: PredictedSplit,
): AsyncGenerator<RunEnsembleEvent, Predicted> {
  const runs = runsOf(planned);
  // A run that is in several ensembles predicts once.
  const predicted = new Set<string>();
  let first: RunData | undefined;
  for (const [index, member] of runs.entries()) {
    const data = await openRunData(member.run, split, options.data);
    first ??= data;
    requireSamePeople(first, data);
    const { root } = storeOf(member.run, split, member.tta);
    if (predicted.has(root)) continue;
    predicted.add(root);
    yield { type: 'member', name: member.name, index, members: runs.length };
    yield* predictMember(options, member, data, split);
  }
  const images = first === undefined ? await importedImages(options, planned) : withTruth(first);
  return { members: membersOf(planned, split, images.classes), ...images };
}

async function* predictMember(
  { cache, signal }: RunEnsembleOptions,
  { name, run, tta }: PlannedRun,
  data: RunData,
  split: PredictedSplit,
): AsyncGenerator<RunEnsembleEvent> {
  const store = storeOf(run, split, tta);
  try {
    const events = predictRun({ data, tta, store, signal, ...(cache === undefined ? {} : { cache }) });
    for await (const event of events) yield { type: 'prediction', event };
  } catch (cause) {
    if (!(cause instanceof PhalanxError)) throw cause;
    // Without its weights a run can still be joined by the logits that it left, if they are whole.
    if (cause.code === 'run/no-checkpoint' && (await store.images()).length > 0) return;
    if (cause.code !== 'logits/not-finite') throw cause;
    const where = `member ${name}, ${cause.parts.where ?? ''}`;
    throw new PhalanxError('logits/not-finite', { ...cause.parts, where }, { cause });
  }
}

function withTruth({ dataset, entries }: RunData): Omit<Predicted, 'members'> {
  return { classes: dataset.classes, entries, truth: (entry) => dataset.readLabels(entry) };
}

/** What an ensemble without runs is of: the test images of the dataset if one is given, else those of its logits. */
async function importedImages(
  { data }: RunEnsembleOptions,
  planned: readonly PlannedMember[],
): Promise<Omit<Predicted, 'members'>> {
  if (data !== undefined) {
    const dataset = await readHandBone(data);
    return {
      classes: dataset.classes,
      entries: dataset.entries.test,
      truth: (entry) => dataset.readLabels(entry),
    };
  }
  const { classes, entries } = await storedImages(planned);
  return { classes, entries, truth: () => Promise.reject(new Error('imported logits have no annotations')) };
}

/** Members are joined image by image, so each must be asked for the same ones. */
function requireSamePeople(first: RunData, other: RunData): void {
  const ids = ({ entries }: RunData): string => entries.map(({ id }) => id).join('\n');
  if (ids(first) === ids(other)) return;
  throw new PhalanxError('ensemble/images-differ', {
    what: 'Two members have no common images to be joined on',
    where: memberName(other.run),
    expected: `the images of ${memberName(first.run)}`,
    received: 'others',
    fix: 'Search thresholds on members of one fold and one dataset',
  });
}

/** Thresholds found on what the members' fold held out; all members must have held out the same people. */
async function* searchedThresholds(
  options: RunEnsembleOptions,
  planned: readonly PlannedMember[],
): AsyncGenerator<RunEnsembleEvent, number[]> {
  const { members, classes, entries, truth } = yield* predictMembers(options, planned, 'val');
  const models = members.flatMap((member) => (isJoint(member) ? [] : [member]));
  const searchable = options.config.combine === 'logits' && runsOf(planned).length === planned.length;
  if (!searchable || models.length !== members.length) {
    throw new PhalanxError('ensemble/search', {
      what: 'Thresholds are searched for means of the logits of runs only',
      where: `ensemble ${options.config.output}`,
      expected: 'runs as members and combine: logits, or numbers as thresholds',
      received: `combine: ${options.config.combine}, ${planned.map(({ kind }) => kind).join(', ')}`,
    });
  }
  const findings = await searchThresholds({
    members: models,
    entries,
    classes,
    truth,
    signal: options.signal,
  });
  yield { type: 'thresholds', findings };
  return findings.map(({ threshold }) => threshold);
}
