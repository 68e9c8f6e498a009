import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PhalanxError } from '../core/errors.ts';
import { leavesOf } from '../inference/ensemble/combination.ts';
import type { SubmissionManifest } from '../inference/ensemble/manifest.ts';
import { searchThresholds } from '../inference/ensemble/thresholds.ts';
import { readDecisions, writeDecisions } from '../inference/search/decisions.ts';
import type { Decisions } from '../inference/search/decisions.ts';
import type { RunEnsembleEvent } from './ensembleEvents.ts';
import { membersOf } from './ensembleMembers.ts';
import type { PlannedMember, PlannedRun } from './ensembleMembers.ts';
import { openRuns, predictOpened, requireSamePeople } from './predictMembers.ts';
import type { MemberPrediction } from './predictMembers.ts';
import type { Ensemble } from './schema.ts';
import { groupRuns, runWeights, searchRuns } from './searchRuns.ts';

export interface SettingsSearch extends MemberPrediction {
  readonly config: Ensemble;
  /** Folder of the decisions. */
  readonly submissions: string;
  /** Whether decisions that are there may be replaced. */
  readonly overwrite: boolean;
}

/** What a search decided about an ensemble. */
export interface Decided {
  readonly decisions: Decisions;
  /** The members that have a weight, with it, `[classes]`. */
  readonly members: readonly { readonly planned: PlannedRun; readonly weight: readonly number[] }[];
  readonly file: NonNullable<SubmissionManifest['decisions']>;
}

/**
 * What a search finds on the images that the runs' folds held out, or found before.
 *
 * @throws PhalanxError `ensemble/search`, `ensemble/output-exists`, `ensemble/other-members`, `search/*`, and what
 *   predicting throws.
 */
export async function* decide(
  options: SettingsSearch,
  planned: readonly PlannedMember[],
  weights: NonNullable<Ensemble['weights']>,
): AsyncGenerator<RunEnsembleEvent, Decided> {
  const { config, submissions, overwrite, signal } = options;
  const runs = requireSearchable(config, planned, 'Weights');
  const groups = groupRuns(runs.map(({ run }) => run));
  let path: string;
  if ('from' in weights) path = weights.from;
  else {
    path = join(submissions, `${config.output}.decisions.json`);
    if (!overwrite) requireNoDecisions(path);
    const opened = await openRuns(options, runs, 'val');
    yield* predictOpened(options, opened);
    const events = searchRuns(opened, groups, weights.search, signal);
    let next = await events.next();
    while (next.done !== true) {
      yield { type: 'search', progress: next.value };
      next = await events.next();
    }
    await writeDecisions(path, next.value);
  }
  const { decisions, sha256 } = await readDecisions(path);
  yield { type: 'decisions', decisions, path };
  const members = runWeights(decisions, groups, path).flatMap((weight, index) =>
    weight.some((ofClass) => ofClass > 0) ? [{ planned: runs[index]!, weight }] : [],
  );
  return { decisions, members, file: { file: basename(path), sha256 } };
}

/**
 * Thresholds found on what the members' fold held out; all members must have held out the same people.
 *
 * @throws PhalanxError `ensemble/search`, `ensemble/images-differ`, `thresholds/*`, and what predicting throws.
 */
export async function* decideThresholds(
  options: SettingsSearch,
  planned: readonly PlannedMember[],
): AsyncGenerator<RunEnsembleEvent, number[]> {
  const runs = requireSearchable(options.config, planned, 'Thresholds');
  const opened = await openRuns(options, runs, 'val');
  for (const { data } of opened) requireSamePeople(opened[0]!.data, data);
  yield* predictOpened(options, opened);
  const { dataset, entries } = opened[0]!.data;
  const { classes } = dataset;
  const findings = await searchThresholds({
    members: leavesOf(membersOf(runs, 'val', classes)),
    entries,
    classes,
    truth: (entry) => dataset.readLabels(entry),
    signal: options.signal,
  });
  yield { type: 'thresholds', findings };
  return findings.map(({ threshold }) => threshold);
}

/** The members, of which a search needs predictions by models that have not seen the images. */
function requireSearchable(
  { combine, output }: Ensemble,
  planned: readonly PlannedMember[],
  what: 'Weights' | 'Thresholds',
): PlannedRun[] {
  const runs = planned.filter((member) => member.kind === 'run');
  if (combine === 'logits' && runs.length === planned.length) return runs;
  const others = planned.filter(({ kind }) => kind !== 'run').map(({ kind, name }) => `${kind} ${name}`);
  throw new PhalanxError('ensemble/search', {
    what: `${what} are searched for means of the logits of runs only`,
    where: `ensemble ${output}`,
    expected: 'runs as members and combine: logits, or numbers',
    received: [`combine: ${combine}`, ...others].join(', '),
    fix: 'Declare numbers, or replace the other members by runs of their own',
  });
}

function requireNoDecisions(path: string): void {
  if (!existsSync(path)) return;
  throw new PhalanxError('ensemble/output-exists', {
    what: 'The decisions of an earlier search exist already',
    where: path,
    fix: 'Use them with --decisions, or replace them with --force',
  });
}
