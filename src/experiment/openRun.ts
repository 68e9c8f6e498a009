import { join } from 'node:path';
import { PhalanxError } from '../core/errors.ts';
import type { Resolved } from './resolve.ts';
import { configHash, createRun, isAlive, listRuns, readRunFile } from './runDirectory.ts';
import type { Run } from './runDirectory.ts';
import { experimentSchema } from './schema.ts';
import type { Experiment } from './schema.ts';
import { changedWeights } from './startingWeights.ts';
import type { StartingWeights } from './startingWeights.ts';

export interface OpenRunOptions {
  readonly experiment: Resolved<Experiment>;
  readonly fold: number;
  readonly id?: string | undefined;
  readonly resume?: boolean;
  readonly runs?: string;
  /** Of the files that the model starts from. Default: none. */
  readonly weights?: StartingWeights;
}

export interface OpenedRun {
  readonly run: Run;
  /** Earlier runs of the same settings, weights to start from and fold, of a new run. */
  readonly twins: readonly Run[];
}

/**
 * Makes a new run, or finds the one to continue: the newest unfinished one of the same experiment, settings and fold.
 *
 * @throws PhalanxError `run/nothing-to-resume`, `run/other-weights`, `run/in-use`, and what `createRun` throws.
 */
export async function openRun(options: OpenRunOptions): Promise<OpenedRun> {
  const { experiment, fold, id, resume = false, runs: root = 'runs', weights = {} } = options;
  const hash = configHash(experiment.config);
  const same = (await listRuns(root)).filter(({ state }) => state.fold === fold);
  if (!resume) {
    const twins = same.filter(
      ({ state }) => state.configHash === hash && changedWeights(state.weights, weights).length === 0,
    );
    const { name, path, config } = experiment;
    const run = await createRun({
      root,
      experiment: name,
      fold,
      config,
      sourcePath: path,
      weights,
      ...(id === undefined ? {} : { id }),
    });
    return { run, twins };
  }
  const unfinished = same.filter(
    ({ state }) =>
      state.experiment === experiment.name && state.status !== 'finished' && (id ?? state.id) === state.id,
  );
  const suitable: Run[] = [];
  for (const candidate of unfinished) {
    if (candidate.state.configHash === hash || (await completedHash(candidate)) === hash)
      suitable.push(candidate);
  }
  const run = suitable.at(-1);
  if (run === undefined) {
    const other = unfinished.at(-1);
    throw new PhalanxError('run/nothing-to-resume', {
      what: 'There is no unfinished run to resume',
      where: join(root, experiment.name, `fold${fold}`),
      ...(other === undefined
        ? { fix: 'Leave out --resume to start a new run' }
        : {
            expected: `the settings of ${other.state.id}, which are in its config.json`,
            received: 'other settings',
            fix: 'Set them back to resume it, or leave out --resume to start a new run',
          }),
    });
  }
  const [changed] = changedWeights(run.state.weights, weights);
  if (changed !== undefined) {
    throw new PhalanxError('run/other-weights', {
      what: 'The weights that the run started from have changed since',
      where: run.directory,
      expected: `the file of ${changed} to have the SHA-256 ${run.state.weights?.[changed] ?? 'of none'}`,
      received: weights[changed]!,
      fix: 'Put the file back to resume the run, or leave out --resume to start a new one',
    });
  }
  if (isAlive(run) && run.state.pid !== process.pid) {
    throw new PhalanxError('run/in-use', {
      what: 'Another process is training this run',
      where: run.directory,
      received: `process ${run.state.pid}`,
      fix: 'Wait for it or stop it first',
    });
  }
  return { run, twins: [] };
}

/**
 * The hash of a run's settings with today's defaults: what it would be had the run begun when the options that have
 * come since were there. None where its settings are not valid any more.
 */
async function completedHash(run: Run): Promise<string | undefined> {
  const recorded = experimentSchema.safeParse(await readRunFile(run, 'config.json').catch(() => undefined));
  return recorded.success ? configHash(recorded.data) : undefined;
}
