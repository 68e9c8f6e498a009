import type { Command } from 'commander';
import type { Runner } from '../command.ts';

interface ExportFlags {
  readonly out: string;
  readonly last?: boolean;
  readonly encoderOnly?: boolean;
  readonly runs: string;
}

export function registerModelExport(group: Command, run: Runner): void {
  group
    .command('export')
    .description("a run's weights as the state dict that segmentation-models-pytorch or torchvision loads")
    .argument('<run>', "a run's folder, identifier or experiment, of which the newest is taken")
    .requiredOption('--out <safetensors>', 'the file to write')
    .option('--last', 'the last checkpoint instead of the best')
    .option('--encoder-only', 'the encoder alone, under its own names')
    .option('--runs <dir>', 'where runs are kept', 'runs')
    .action(
      run(async ({ output }, reference: string, flags: ExportFlags) => {
        const { exportRun } = await import('../../experiment/exportRun.ts');
        const { findRun } = await import('../../experiment/runDirectory.ts');
        const { tensors } = await exportRun({
          run: await findRun(flags.runs, reference),
          checkpoint: flags.last === true ? 'last' : 'best',
          encoderOnly: flags.encoderOnly === true,
          outputPath: flags.out,
        });
        output.result({ output: flags.out, tensors }, `${tensors} tensors written to ${flags.out}.`);
      }),
    );
}
