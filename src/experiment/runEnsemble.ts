import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PhalanxError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { Dataset, SampleEntry } from '../data/dataset.ts';
import { ensemble } from '../inference/ensemble/ensemble.ts';
import type { EnsembleEvent } from '../inference/ensemble/ensemble.ts';
import { searchThresholds } from '../inference/ensemble/thresholds.ts';
import type { ThresholdFinding } from '../inference/ensemble/thresholds.ts';
import type { EnsembleMember } from '../inference/ensemble/combine.ts';
import type { SubmissionManifest } from '../inference/ensemble/manifest.ts';
import { readDecisions, writeDecisions } from '../inference/search/decisions.ts';
import type { Decisions } from '../inference/search/decisions.ts';
import type { SearchProgress } from '../inference/search/searchEnsemble.ts';
import type { PredictionEvent } from '../inference/predict.ts';
import { ttaOf } from '../inference/tta/options.ts';
import { openRunData, predictRun, storeOf } from './predictRun.ts';
import type { PredictedSplit, RunData } from './predictRun.ts';
import { groupRuns, runWeights, searchRuns } from './searchRuns.ts';
import type { RunPrediction } from './searchRuns.ts';
import { findRun } from './runDirectory.ts';
import type { Run } from './runDirectory.ts';
import type { Ensemble } from './schema.ts';

export type RunEnsembleEvent =
  | { readonly type: 'member'; readonly name: string; readonly index: number; readonly members: number }
  | { readonly type: 'prediction'; readonly event: PredictionEvent }
  | { readonly type: 'thresholds'; readonly findings: readonly ThresholdFinding[] }
  | { readonly type: 'search'; readonly progress: SearchProgress }
  | { readonly type: 'decisions'; readonly decisions: Decisions; readonly path: string }
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
  const all = await Promise.all(config.members.map(({ run }) => findRun(options.runs ?? 'runs', run)));
  const decided = config.weights === undefined ? undefined : yield* decide(options, all);
  const used = decided?.weights.flatMap((weights, index) => (weights.some((w) => w > 0) ? [index] : []));
  const runs = used === undefined ? all : used.map((index) => all[index]!);
  const predicted = yield* predictMembers(options, runs, 'test');
  const { dataset, entries } = predicted;
  const members = predicted.members.map((member, index) =>
    decided === undefined ? member : { ...member, weight: decided.weights[used![index]!]! },
  );
  const threshold =
    decided !== undefined
      ? decided.decisions.classes.map((ofClass) => ofClass.threshold)
      : config.threshold === 'search'
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
    postProcess:
      decided?.decisions.classes.map((ofClass) => ofClass.postProcess) ??
      dataset.classes.map((name) => byClass(config.postProcess, 'postProcess', dataset.classes)[name] ?? {}),
    ...(decided === undefined ? {} : { decisions: decided.file }),
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

/** Logits of a split, by each run. */
async function* predictRuns(
  { config, cache, data: root, signal }: RunEnsembleOptions,
  runs: readonly Run[],
  split: PredictedSplit,
): AsyncGenerator<RunEnsembleEvent, RunPrediction[]> {
  const tta = ttaOf(config.tta);
  const predictions: RunPrediction[] = [];
  for (const [index, run] of runs.entries()) {
    const data = await openRunData(run, split, root);
    yield { type: 'member', name: memberName(run), index, members: runs.length };
    const store = storeOf(run, split, tta);
    const events = predictRun({ data, tta, store, signal, ...(cache === undefined ? {} : { cache }) });
    for await (const event of events) yield { type: 'prediction', event };
    predictions.push({ data, store });
  }
  return predictions;
}

async function* predictMembers(
  options: RunEnsembleOptions,
  runs: readonly Run[],
  split: PredictedSplit,
): AsyncGenerator<RunEnsembleEvent, Predicted> {
  const predictions = yield* predictRuns(options, runs, split);
  const [first] = predictions;
  for (const { data } of predictions) requireSamePeople(first!.data, data);
  const members = predictions.map(({ data, store }, index) => ({
    name: memberName(data.run),
    store,
    weight: options.config.members[index]!.weight,
  }));
  const { dataset, entries } = first!.data;
  return { members, dataset, entries };
}

interface Decided {
  readonly decisions: Decisions;
  /** `[runs][classes]`. */
  readonly weights: readonly (readonly number[])[];
  readonly file: NonNullable<SubmissionManifest['decisions']>;
}

/** What a search finds on the images that the runs' folds held out, or found before. */
async function* decide(
  options: RunEnsembleOptions,
  runs: readonly Run[],
): AsyncGenerator<RunEnsembleEvent, Decided> {
  const { config, submissions = 'submissions', signal } = options;
  const groups = groupRuns(runs);
  const weights = config.weights!;
  let path: string;
  if ('from' in weights) path = weights.from;
  else {
    path = join(submissions, `${config.output}.decisions.json`);
    const present = [path, join(submissions, `${config.output}.csv`)].find(existsSync);
    if (present !== undefined && options.overwrite !== true) {
      throw new PhalanxError('ensemble/output-exists', {
        what: 'What a search would write exists already',
        where: present,
        fix: 'Choose another output, or ask for it to be overwritten',
      });
    }
    const predictions = yield* predictRuns(options, runs, 'val');
    const events = searchRuns(predictions, groups, weights.search, signal);
    let next = await events.next();
    while (next.done !== true) {
      yield { type: 'search', progress: next.value };
      next = await events.next();
    }
    await writeDecisions(path, next.value);
  }
  const { decisions, sha256 } = await readDecisions(path);
  yield { type: 'decisions', decisions, path };
  return {
    decisions,
    weights: runWeights(decisions, groups, path),
    file: { file: basename(path), sha256 },
  };
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
  const known = byClass(threshold, 'threshold', classes);
  return classes.map((name) => known[name] ?? 0.5);
}

/** A setting by class, whose classes are all known. */
function byClass<Value>(
  setting: Readonly<Record<string, Value>>,
  where: string,
  classes: readonly string[],
): Readonly<Record<string, Value>> {
  const unknown = Object.keys(setting).find((name) => !classes.includes(name));
  if (unknown === undefined) return setting;
  const hint = nearest(unknown, classes);
  throw new PhalanxError('ensemble/unknown-class', {
    what: 'A setting is given for a class that the dataset does not have',
    where: `${where}.${unknown}`,
    expected: hint === undefined ? `one of ${classes.join(', ')}` : `perhaps ${hint}`,
  });
}
