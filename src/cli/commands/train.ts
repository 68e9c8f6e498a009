import type { RegisterCommand } from '../command.ts';
import { collect, wholeNumber } from '../options.ts';
import { showTraining } from '../terminal/training.ts';

interface TrainFlags {
  readonly fold: number;
  readonly resume?: boolean;
  readonly id?: string;
  readonly set?: readonly string[];
  readonly runs: string;
  readonly cache: string;
}

export const registerTrain: RegisterCommand = (program, run) => {
  program
    .command('train')
    .description('train one fold of an experiment')
    .argument('<experiment>', 'file below experiments/, such as hand-bone/unetpp-resnet34-512')
    .option('--fold <k>', 'fold to validate on', wholeNumber('--fold', 0), 0)
    .option('--resume', 'continue the newest unfinished run of the same settings')
    .option('--id <name>', 'name of the run')
    .option('--set <path=value>', 'change a setting; may be given several times', collect)
    .option('--runs <dir>', 'where runs are kept', 'runs')
    .option('--cache <dir>', 'where decoded images are kept', 'cache')
    .action(
      run(async ({ output, signal }, reference: string, flags: TrainFlags) => {
        const { resolveExperiment } = await import('../../experiment/resolve.ts');
        const { trainExperiment } = await import('../../experiment/trainExperiment.ts');
        const experiment = await resolveExperiment(reference, flags.set);
        const { fold, id, resume = false, runs, cache } = flags;
        const events = trainExperiment({ experiment, fold, id, resume, runs, cache, signal });
        const summary = await showTraining(output, events);
        output.result(summary, '');
      }),
    );
};
