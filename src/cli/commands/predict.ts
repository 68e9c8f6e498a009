import { resolve } from 'node:path';
import { PhalanxError } from '../../core/errors.ts';
import type { RegisterCommand } from '../command.ts';
import type { TtaName } from '../../inference/tta/names.ts';
import { addInferenceOptions, inferenceOf, share } from '../inferenceOptions.ts';
import type { InferenceFlags } from '../inferenceOptions.ts';
import { collect, oneOf, ttaOption } from '../options.ts';
import { showEnsemble } from '../terminal/ensemble.ts';
import { duration } from '../terminal/progress.ts';

interface PredictFlags extends InferenceFlags {
  readonly split: 'test' | 'val';
  readonly tta: TtaName;
  readonly weights?: readonly string[];
  readonly folds?: boolean;
  readonly force?: boolean;
  readonly asLabels?: string;
  readonly confidence?: number;
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
  readonly force?: boolean;
  readonly search?: boolean;
  readonly decisions?: string;
  readonly reproduce?: string;
}

export const registerPredict: RegisterCommand = (program, run) => {
  const command = program
    .command('predict')
    .description("write runs' logits, compactly, for ensembles to join; all in one pass over the images")
    .argument('<runs...>', 'folders, identifiers or experiments (the newest run of each)')
    .option(
      '--split <split>',
      'test, or val: the images that the fold held out',
      oneOf('--split', ['test', 'val']),
      'test',
    )
    .option(...ttaOption)
    .option('--folds', 'the newest run of every fold of the experiments')
    .option(
      '--weights <name>',
      "which of a run's checkpoints: best (default), last or another of its files; may be given several times",
      collect,
    );
  addInferenceOptions(command)
    .option('--force', 'replace logits that were made with other weights or settings')
    .option('--as-labels <dir>', 'write what is predicted with confidence as a dataset to train on')
    .option(
      '--confidence <share>',
      'least mean confidence of an image with --as-labels (default 0.9)',
      share('--confidence'),
    )
    .option('--data <dir>', 'the dataset, if it is not where it was while training')
    .option('--runs <dir>', 'where runs are kept', 'runs')
    .option('--cache <dir>', 'where decoded images are kept', 'cache')
    .action(
      run(async (context, references: readonly string[], flags: PredictFlags) => {
        refuseLabels(flags);
        const { predictAll } = await import('../predictAll.ts');
        await predictAll(context, references, {
          ...flags,
          overwrite: flags.force ?? false,
          inference: await inferenceOf(flags),
        });
      }),
    );
  program
    .command('ensemble')
    .description('predict what is missing, join the members and write the submission')
    .argument('[ensemble]', 'file below experiments/, such as hand-bone/ensemble')
    .option('--reproduce <manifest>', 'make the submission beside a manifest again, byte for byte')
    .option('--set <path=value>', 'change a setting; may be given several times', collect)
    .option('--search', 'look for weights, thresholds and post-processing on what the folds held out')
    .option('--decisions <file>', 'use what a search found, submissions/NAME.decisions.json')
    .option('--data <dir>', 'the dataset, if it is not where it was while training')
    .option('--runs <dir>', 'where runs are kept', 'runs')
    .option('--cache <dir>', 'where decoded images are kept', 'cache')
    .option('--submissions <dir>', 'where the CSV goes', 'submissions')
    .option('--force', 'replace the CSV, and what a search found, if they exist')
    .action(
      run(async ({ output, signal }, reference: string | undefined, flags: EnsembleFlags) => {
        const { data, runs, cache, submissions, force = false } = flags;
        const shared = { data, runs: resolve(runs), cache, overwrite: force, signal };
        const manifest = reproducedOf(reference, flags);
        let events;
        if (manifest === undefined) {
          const { resolveEnsemble } = await import('../../experiment/resolve.ts');
          const { runEnsemble } = await import('../../experiment/runEnsemble.ts');
          // Before the others, which may say how to search.
          const settings = [...weightSettings(flags), ...(flags.set ?? [])];
          const { config } = await resolveEnsemble(reference!, settings);
          events = runEnsemble({ ...shared, config, submissions });
        } else {
          const { reproduceEnsemble } = await import('../../experiment/reproduceEnsemble.ts');
          events = reproduceEnsemble({ ...shared, manifest });
        }
        const summary = await showEnsemble(output, events);
        if (summary === undefined) return;
        output.result(
          summary,
          `${summary.rows} rows in ${summary.path}, joined in ${duration(summary.seconds)}.`,
        );
      }),
    );
};

/** Labels of images that a fold held out would be trained on by that fold. */
function refuseLabels({ asLabels, confidence, split }: PredictFlags): void {
  const fail = (where: string, fix: string): never => {
    throw new PhalanxError('cli/option', { what: 'Options do not go together', where, fix });
  };
  if (asLabels === undefined && confidence !== undefined) {
    fail('--confidence', 'Say with --as-labels where the dataset goes');
  }
  if (asLabels !== undefined && split === 'val') {
    fail('--as-labels with --split val', 'Label images of the test split: those of others are annotated');
  }
}

/** The manifest to reproduce, or undefined where an ensemble is named. */
function reproducedOf(reference: string | undefined, flags: EnsembleFlags): string | undefined {
  const { reproduce, set, search, decisions } = flags;
  const others = [reference, set, search, decisions].filter((given) => given !== undefined);
  if (reproduce !== undefined && others.length > 0) {
    throw new PhalanxError('cli/option', {
      what: 'A manifest says all that made its submission',
      where: '--reproduce',
      fix: 'Leave out the ensemble, --set, --search and --decisions',
    });
  }
  if (reproduce !== undefined || reference !== undefined) return reproduce;
  throw new PhalanxError('cli/option', {
    what: 'There is nothing to make',
    expected: 'an ensemble, or a manifest with --reproduce',
  });
}

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
