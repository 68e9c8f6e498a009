import { join } from 'node:path';
import { PhalanxError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { Dataset, SampleEntry } from '../data/dataset.ts';
import { ensemble } from '../inference/ensemble/ensemble.ts';
import type { EnsembleEvent } from '../inference/ensemble/ensemble.ts';
import { searchThresholds } from '../inference/ensemble/thresholds.ts';
import type { ThresholdFinding } from '../inference/ensemble/thresholds.ts';
import type { EnsembleMember } from '../inference/ensemble/combine.ts';
import type { PredictionEvent } from '../inference/predict.ts';
import { ttaOf } from '../inference/tta/options.ts';
import { openRunData, predictRun, storeOf } from './predictRun.ts';
import type { PredictedSplit, RunData } from './predictRun.ts';
import { findRun } from './runDirectory.ts';
import type { Run } from './runDirectory.ts';
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
  const { config, submissions = 'submissions', signal } = options;
  const runs = await Promise.all(config.members.map(({ run }) => findRun(options.runs ?? 'runs', run)));
  const { members, dataset, entries } = yield* predictMembers(options, runs, 'test');
  const threshold =
    config.threshold === 'search'
      ? yield* searchedThresholds(options, runs)
      : declaredThresholds(config.threshold, dataset.classes);
  const scores = Object.fromEntries(
    runs.flatMap((run) => (run.state.bestDice === undefined ? [] : [[memberName(run), run.state.bestDice]])),
  ) as Record<string, number>;
  const events = ensemble({
    members,
    entries,
    classes: dataset.classes,
    out: join(submissions, `${config.output}.csv`),
    threshold,
    overwrite: options.overwrite ?? false,
    config,
    scores,
    signal,
  });
  for await (const event of events) yield { type: 'ensemble', event };
}

interface Predicted {
  readonly members: readonly EnsembleMember[];
  readonly dataset: Dataset;
  readonly entries: readonly SampleEntry[];
}

async function* predictMembers(
  { config, cache, data: root, signal }: RunEnsembleOptions,
  runs: readonly Run[],
  split: PredictedSplit,
): AsyncGenerator<RunEnsembleEvent, Predicted> {
  const tta = ttaOf(config.tta);
  const members: EnsembleMember[] = [];
  let first: RunData | undefined;
  for (const [index, run] of runs.entries()) {
    const data = await openRunData(run, split, root);
    first ??= data;
    requireSamePeople(first, data);
    yield { type: 'member', name: memberName(run), index, members: runs.length };
    const store = storeOf(run, split, tta);
    const events = predictRun({ data, tta, store, signal, ...(cache === undefined ? {} : { cache }) });
    for await (const event of events) yield { type: 'prediction', event };
    members.push({ name: memberName(run), store, weight: config.members[index]!.weight });
  }
  const { dataset, entries } = first!;
  return { members, dataset, entries };
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

function memberName({ state }: Run): string {
  return `${state.experiment}/fold${state.fold}/${state.id}`;
}

/** Thresholds found on what the members' fold held out; all members must have held out the same people. */
async function* searchedThresholds(
  options: RunEnsembleOptions,
  runs: readonly Run[],
): AsyncGenerator<RunEnsembleEvent, number[]> {
  const { members, dataset, entries } = yield* predictMembers(options, runs, 'val');
  const findings = await searchThresholds({
    members,
    entries,
    classes: dataset.classes,
    truth: (entry) => dataset.readLabels(entry),
    signal: options.signal,
  });
  yield { type: 'thresholds', findings };
  return findings.map(({ threshold }) => threshold);
}

/** The declared threshold of each class, in order. */
function declaredThresholds(
  threshold: Exclude<Ensemble['threshold'], 'search'>,
  classes: readonly string[],
): number[] {
  if (typeof threshold === 'number') return classes.map(() => threshold);
  const unknown = Object.keys(threshold).find((name) => !classes.includes(name));
  if (unknown !== undefined) {
    const hint = nearest(unknown, classes);
    throw new PhalanxError('ensemble/unknown-class', {
      what: 'A threshold is given for a class that the dataset does not have',
      where: `threshold.${unknown}`,
      expected: hint === undefined ? `one of ${classes.join(', ')}` : `perhaps ${hint}`,
    });
  }
  return classes.map((name) => threshold[name] ?? 0.5);
}
