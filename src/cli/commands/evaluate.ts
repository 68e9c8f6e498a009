import { resolve } from 'node:path';
import type { TtaName } from '../../inference/tta/names.ts';
import type { RegisterCommand } from '../command.ts';
import { ttaOption } from '../options.ts';
import { PredictionView } from '../terminal/ensemble.ts';
import type { Progress } from '../terminal/progress.ts';
import { table } from '../../core/table.ts';

interface EvaluateFlags {
  readonly tta: TtaName;
  readonly data?: string;
  readonly runs: string;
  readonly cache: string;
}

export const registerEvaluate: RegisterCommand = (program, run) => {
  program
    .command('evaluate')
    .description('score a run on the images its fold held out, with error maps')
    .argument('<run>', 'folder, identifier or experiment (the newest run of it)')
    .option(...ttaOption)
    .option('--data <dir>', 'the dataset, if it is not where it was while training')
    .option('--runs <dir>', 'where runs are kept', 'runs')
    .option('--cache <dir>', 'where decoded images are kept', 'cache')
    .action(
      run(async ({ output, signal }, reference: string, flags: EvaluateFlags) => {
        const { findRun } = await import('../../experiment/runDirectory.ts');
        const { evaluateRun } = await import('../../experiment/evaluateRun.ts');
        const { ttaOf } = await import('../../inference/tta/options.ts');
        const { data, cache } = flags;
        const tta = ttaOf(flags.tta);
        const found = await findRun(resolve(flags.runs), reference);
        const view = new PredictionView(output, found.state.experiment);
        let progress: Progress | undefined;
        for await (const event of evaluateRun({ run: found, tta, data, cache, signal })) {
          if (event.type === 'prediction') view.show(event.event);
          else if (event.type === 'progress') {
            progress ??= output.progress('score');
            progress.update(event.done, event.total);
          } else {
            progress?.clear();
            const { evaluation } = event;
            const rows = Object.entries(evaluation.perClass).map(([name, dice]) => [name, dice.toFixed(4)]);
            const mean = `mean Dice ${evaluation.meanDice.toFixed(4)} over ${evaluation.images} images`;
            output.result(
              evaluation,
              `${table(['class', 'Dice'], rows)}\n\n${mean}\nReport: ${evaluation.report}`,
            );
          }
        }
      }),
    );
};
