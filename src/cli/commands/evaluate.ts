import { join, resolve } from 'node:path';
import type { TtaName } from '../../inference/tta/names.ts';
import type { EvaluationFigures } from '../../analysis/evaluation/figures.ts';
import { PhalanxError } from '../../core/errors.ts';
import type { CommandContext, RegisterCommand } from '../command.ts';
import { formatOptions, readFormat } from '../formatOption.ts';
import type { FormatFlags } from '../formatOption.ts';
import { oneOf, ttaOption } from '../options.ts';
import { PredictionView } from '../terminal/ensemble.ts';
import type { Progress } from '../terminal/progress.ts';
import { table } from '../../core/table.ts';

interface EvaluateFlags extends FormatFlags {
  readonly tta: TtaName;
  readonly data?: string;
  readonly runs: string;
  readonly cache: string;
  readonly split: 'test' | 'train';
  readonly dialect?: string;
  readonly out?: string;
  readonly maps?: string;
}

export const registerEvaluate: RegisterCommand = (program, run) => {
  formatOptions(program.command('evaluate'))
    .description(
      'a report of what is wrong and where: a run on the images its fold held out, or a submission',
    )
    .argument('<run>', 'folder, identifier or experiment (the newest run of it), or a submission (.csv)')
    .option(...ttaOption)
    .option('--data <dir>', 'the dataset, if it is not where it was while training; needed for a submission')
    .option('--runs <dir>', 'where runs are kept', 'runs')
    .option('--cache <dir>', 'where decoded images are kept', 'cache')
    .option('--split <split>', 'of a submission: test or train', oneOf('--split', ['test', 'train']), 'test')
    .option('--dialect <name>', 'how the submission is written')
    .option('--out <dir>', 'where the report of a submission goes (default: beside it)')
    .option('--maps <dir>', 'write an error map of every image as well, at its own size')
    .action(
      run(async (context, reference: string, flags: EvaluateFlags) => {
        if (/\.csv$/i.test(reference)) await evaluateCsv(context, reference, flags);
        else await evaluateOneRun(context, reference, flags);
      }),
    );
};

async function evaluateOneRun(
  { output, signal }: CommandContext,
  reference: string,
  { data, cache, maps, ...flags }: EvaluateFlags,
): Promise<void> {
  const { findRun } = await import('../../experiment/runDirectory.ts');
  const { evaluateRun } = await import('../../experiment/evaluateRun.ts');
  const { ttaOf } = await import('../../inference/tta/options.ts');
  const tta = ttaOf(flags.tta);
  const found = await findRun(resolve(flags.runs), reference);
  const view = new PredictionView(output, found.state.experiment);
  let progress: Progress | undefined;
  for await (const event of evaluateRun({ run: found, tta, data, cache, maps, signal })) {
    if (event.type === 'prediction') view.show(event.event);
    else if (event.type === 'progress') {
      progress ??= output.progress('score');
      progress.update(event.done, event.total);
    } else {
      progress?.clear();
      output.result(event.evaluation, summaryOf(event.evaluation));
    }
  }
}

async function evaluateCsv(
  { output, signal }: CommandContext,
  submission: string,
  { data, maps, split, ...flags }: EvaluateFlags,
): Promise<void> {
  if (data === undefined) {
    throw new PhalanxError('cli/option', {
      what: 'A submission cannot be evaluated without its dataset',
      expected: '--data <dir>, with annotations of the split',
    });
  }
  const { openFormat } = await import('../../data/formats/open.ts');
  const { evaluateSubmission } = await import('../../analysis/evaluation/evaluateSubmission.ts');
  const { dialectOf } = await import('../../inference/submission/dialects.ts');
  const dialect = dialectOf(flags.dialect);
  const dataset = await openFormat(data, await readFormat(flags));
  const out = flags.out ?? join(submission.replace(/\.csv$/i, '') + '-evaluation');
  const progress = output.progress('score');
  const events = evaluateSubmission({ submission, dataset, split, dialect, out, maps, signal });
  for (;;) {
    const event = await events.next();
    if (event.done === true) {
      progress.clear();
      output.result(event.value, summaryOf(event.value));
      return;
    }
    progress.update(event.value.done, event.value.total);
  }
}

/** What a person sees on the terminal: scores and shares by class, the worst first. */
function summaryOf({
  classes,
  meanDice,
  images,
  report,
}: EvaluationFigures & { readonly report: string }): string {
  const percent = (pixels: number, of: number): string => ((100 * pixels) / Math.max(1, of)).toFixed(2);
  const rows = Object.entries(classes)
    .sort(([, a], [, b]) => a.dice - b.dice)
    .map(([name, one]) => [
      name,
      one.dice.toFixed(4),
      ...[one.confused, one.missed, one.extra].map((pixels) => percent(pixels, one.truth)),
      one.hausdorff95?.toFixed(1) ?? '–',
      one.takenFor[0]?.className ?? '–',
    ]);
  const head = ['class', 'Dice', 'red %', 'yellow %', 'green %', 'HD95 px', 'taken for'];
  return `${table(head, rows)}\n\nmean Dice ${meanDice.toFixed(4)} over ${images} images\nReport: ${report}`;
}
