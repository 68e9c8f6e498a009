import { resolve } from 'node:path';
import type { RegisterCommand } from '../command.ts';
import type { TtaName } from '../../inference/tta/names.ts';
import { PhalanxError } from '../../core/errors.ts';
import { collect, oneOf, ttaOption } from '../options.ts';
import { PredictionView, showEnsemble } from '../terminal/ensemble.ts';
import { duration } from '../terminal/progress.ts';

interface PredictFlags {
  readonly split: 'test' | 'val';
  readonly tta: TtaName;
  readonly data?: string;
  readonly runs: string;
  readonly cache: string;
}

interface EnsembleFlags {
  readonly set?: readonly string[];
  readonly data?: string;
  readonly runs: string;
  readonly cache: string;
  readonly submissions: string;
  readonly overwrite?: boolean;
  readonly search?: boolean;
  readonly decisions?: string;
}

export const registerPredict: RegisterCommand = (program, run) => {
  program
    .command('predict')
    .description("write a run's logits, compactly, for ensembles to join")
    .argument('<run>', 'folder, identifier or experiment (the newest run of it)')
    .option(
      '--split <split>',
      'test, or val: the images that the fold held out',
      oneOf('--split', ['test', 'val']),
      'test',
    )
    .option(...ttaOption)
    .option('--data <dir>', 'the dataset, if it is not where it was while training')
    .option('--runs <dir>', 'where runs are kept', 'runs')
    .option('--cache <dir>', 'where decoded images are kept', 'cache')
    .action(
      run(async ({ output, signal }, reference: string, flags: PredictFlags) => {
        const { findRun } = await import('../../experiment/runDirectory.ts');
        const { openRunData, predictRun, storeOf } = await import('../../experiment/predictRun.ts');
        const { ttaOf } = await import('../../inference/tta/options.ts');
        const found = await findRun(resolve(flags.runs), reference);
        const data = await openRunData(found, flags.split, flags.data);
        const tta = ttaOf(flags.tta);
        const store = storeOf(found, flags.split, tta);
        const view = new PredictionView(output, found.state.experiment);
        for await (const event of predictRun({ data, tta, store, cache: flags.cache, signal })) {
          view.show(event);
          if (event.type === 'finished')
            output.result({ ...event, store: store.root }, `Logits are in ${store.root}.`);
        }
      }),
    );
  program
    .command('ensemble')
    .description('predict what is missing, join the members and write the submission')
    .argument('<ensemble>', 'file below experiments/, such as hand-bone/ensemble')
    .option('--set <path=value>', 'change a setting; may be given several times', collect)
    .option('--search', 'look for weights, thresholds and post-processing on what the folds held out')
    .option('--decisions <file>', 'use what a search found, submissions/NAME.decisions.json')
    .option('--data <dir>', 'the dataset, if it is not where it was while training')
    .option('--runs <dir>', 'where runs are kept', 'runs')
    .option('--cache <dir>', 'where decoded images are kept', 'cache')
    .option('--submissions <dir>', 'where the CSV goes', 'submissions')
    .option('--overwrite', 'replace the CSV if it exists')
    .action(
      run(async ({ output, signal }, reference: string, flags: EnsembleFlags) => {
        const { resolveEnsemble } = await import('../../experiment/resolve.ts');
        const { runEnsemble } = await import('../../experiment/runEnsemble.ts');
        const { config } = await resolveEnsemble(reference, [...(flags.set ?? []), ...weightSettings(flags)]);
        const { data, runs, cache, submissions, overwrite = false } = flags;
        const events = runEnsemble({
          config,
          data,
          runs: resolve(runs),
          cache,
          submissions,
          overwrite,
          signal,
        });
        const summary = await showEnsemble(output, events);
        if (summary === undefined) return;
        output.result(
          summary,
          `${summary.rows} rows in ${summary.path}, joined in ${duration(summary.seconds)}.`,
        );
      }),
    );
};

/** What `--search` and `--decisions` stand for. */
function weightSettings({ search = false, decisions }: EnsembleFlags): string[] {
  if (search && decisions !== undefined) {
    throw new PhalanxError('cli/option', {
      what: 'Weights are either looked for or taken from a file',
      received: '--search and --decisions',
      fix: 'Leave one of them out',
    });
  }
  if (decisions !== undefined) return [`weights=${JSON.stringify({ from: decisions })}`];
  return search ? ['weights={"search":{}}'] : [];
}
