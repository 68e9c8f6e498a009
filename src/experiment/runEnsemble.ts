import { join } from 'node:path';
import { ensemble, requireFree } from '../inference/ensemble/ensemble.ts';
import type { RunEnsembleEvent } from './ensembleEvents.ts';
import { byClass, namedByClass, planMembers, runsOf } from './ensembleMembers.ts';
import { predictMembers } from './predictMembers.ts';
import type { MemberPrediction } from './predictMembers.ts';
import type { PlannedRun } from './ensembleMembers.ts';
import type { Ensemble } from './schema.ts';
import { decide, decideThresholds } from './searchSettings.ts';

export interface RunEnsembleOptions extends MemberPrediction {
  readonly config: Ensemble;
  readonly runs?: string;
  /** Folder of the CSV. */
  readonly submissions?: string;
  readonly overwrite?: boolean;
}

/**
 * Makes an ensemble's submission: each member predicts what is not predicted yet, then the logits are joined image
 * by image.
 *
 * @throws PhalanxError `run/missing`, `ensemble/*`, `search/*`, and what predicting throws.
 */
export async function* runEnsemble(options: RunEnsembleOptions): AsyncGenerator<RunEnsembleEvent> {
  const { config, submissions = 'submissions', overwrite = false, signal } = options;
  const { combine, weights, threshold, postProcess } = config;
  const out = join(submissions, `${config.output}.csv`);
  const all = await planMembers(config, options.runs ?? 'runs');
  // Before anything is predicted, which may take hours.
  requireFree(out, overwrite);
  const search = { ...options, submissions, overwrite };
  const decided = weights === undefined ? undefined : yield* decide(search, all, weights);
  const planned = decided?.members.map((member) => member.planned) ?? all;
  const thresholds =
    threshold === 'search'
      ? yield* decideThresholds(search, all)
      : decided?.decisions.classes.map((ofClass) => ofClass.threshold);
  const { members, classes, entries } = yield* predictMembers(options, planned, 'test');
  const events = ensemble({
    members:
      decided === undefined
        ? members
        : members.map((member, index) => ({ ...member, weight: decided.members[index]!.weight })),
    combine,
    entries,
    classes,
    out,
    threshold: thresholds ?? byClass(threshold === 'search' ? {} : threshold, classes, 'threshold', 0.5),
    postProcess:
      decided?.decisions.classes.map((ofClass) => ofClass.postProcess) ??
      namedByClass(postProcess, classes, 'postProcess', {}),
    ...(decided === undefined ? {} : { decisions: decided.file }),
    overwrite,
    config,
    scores: scoresOf(runsOf(planned)),
    signal,
  });
  for await (const event of events) yield { type: 'ensemble', event };
}

/** Dice of each run while it was trained, where it was validated. */
function scoresOf(runs: readonly PlannedRun[]): Record<string, number> {
  return Object.fromEntries(
    runs.flatMap(({ name, run: { state } }) =>
      state.bestDice === undefined ? [] : [[name, state.bestDice] as const],
    ),
  );
}
