import { resolve } from 'node:path';
import type { RegisterCommand } from '../command.ts';
import { duration } from '../terminal/progress.ts';
import { table } from '../../core/table.ts';

export const registerRuns: RegisterCommand = (program, run) => {
  const group = program.command('runs').description('what was trained');
  group
    .command('list')
    .description('all runs, oldest first')
    .option('--runs <dir>', 'where runs are kept', 'runs')
    .action(
      run(async ({ output }, options: { runs: string }) => {
        const { isAlive, listRuns } = await import('../../experiment/runDirectory.ts');
        const runs = await listRuns(resolve(options.runs));
        const rows = runs.map((item) => {
          const { id, experiment, fold, status, step, steps, bestDice, seconds } = item.state;
          const interrupted = status === 'running' && !isAlive(item);
          return {
            id,
            experiment,
            fold,
            status: interrupted ? 'interrupted' : status,
            step,
            steps,
            bestDice,
            seconds,
            directory: item.directory,
          };
        });
        const text = table(
          ['experiment', 'fold', 'id', 'status', 'step', 'best Dice', 'time'],
          rows.map((row) => [
            row.experiment,
            row.fold,
            row.id,
            row.status,
            row.steps === undefined ? row.step : `${row.step}/${row.steps}`,
            row.bestDice?.toFixed(4) ?? '–',
            duration(row.seconds),
          ]),
        );
        output.result(rows, rows.length === 0 ? `There are no runs in ${options.runs}.` : text);
      }),
    );
  group
    .command('show')
    .description('one run: its state, settings and environment')
    .argument('<run>', 'folder, identifier or experiment (the newest run of it)')
    .option('--runs <dir>', 'where runs are kept', 'runs')
    .action(
      run(async ({ output }, reference: string, options: { runs: string }) => {
        const { findRun } = await import('../../experiment/runDirectory.ts');
        const { describeRun } = await import('../../experiment/describeRun.ts');
        const description = await describeRun(await findRun(resolve(options.runs), reference));
        output.result(description.data, description.text);
      }),
    );
};
