import { PhalanxError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { listRuns } from './runDirectory.ts';
import type { Run } from './runDirectory.ts';

/**
 * The newest run of each fold of an experiment, by fold.
 *
 * @throws PhalanxError `run/missing`.
 */
export async function findFolds(root: string, experiment: string): Promise<Run[]> {
  const runs = await listRuns(root);
  const folds = new Map<number, Run>();
  for (const run of runs) if (run.state.experiment === experiment) folds.set(run.state.fold, run);
  if (folds.size > 0) return [...folds].sort(([a], [b]) => a - b).map(([, run]) => run);
  const names = [...new Set(runs.map(({ state }) => state.experiment))];
  const meant = nearest(experiment, names);
  throw new PhalanxError('run/missing', {
    what: 'There is no run of this experiment',
    where: root,
    expected: meant === undefined ? 'the name of an experiment, as "phalanx runs list" shows it' : meant,
    received: JSON.stringify(experiment),
  });
}
