import { PhalanxError } from '../../core/errors.ts';
import type { RegisterCommand } from '../command.ts';
import { formatOptions, readFormat } from '../formatOption.ts';
import type { FormatFlags } from '../formatOption.ts';
import { wholeNumber } from '../options.ts';
import { registerDataAnalyze } from './dataAnalyze.ts';
import { registerDataPrepare } from './dataPrepare.ts';

interface PhantomFlags {
  readonly people: number;
  readonly test: number;
  readonly size: number;
  readonly seed: number;
}

export const registerData: RegisterCommand = (program, run) => {
  const group = program.command('data').description('make, check and prepare datasets');
  group
    .command('phantom')
    .description('write synthetic hand X-rays in the layout of the competition')
    .argument('<dir>', 'new or empty folder to write into')
    .option('--people <n>', 'people to train on, two images each', wholeNumber('--people', 1), 40)
    .option('--test <n>', 'people to test on', wholeNumber('--test', 0), 10)
    .option('--size <px>', 'side of the square images', wholeNumber('--size', 64), 2048)
    .option('--seed <n>', 'the same seed gives the same pixels', wholeNumber('--seed', 0), 0)
    .action(
      run(async ({ output, signal }, directory: string, { people, test, size, seed }: PhantomFlags) => {
        const { writePhantom } = await import('../../data/phantom/writePhantom.ts');
        const progress = output.progress('phantom');
        await writePhantom(directory, {
          people,
          test,
          size,
          seed,
          signal,
          onProgress: ({ done, total }) => progress.update(done, total),
        });
        progress.close();
        const images = 2 * (people + test);
        output.result(
          { directory, images, size, seed },
          `${images} images of ${size} × ${size} px in ${directory}.`,
        );
      }),
    );
  formatOptions(group.command('check'))
    .description('list every defect of a dataset; exit 1 if there is an error')
    .argument('<dir>', 'folder of the dataset')
    .action(
      run(async ({ output, signal }, directory: string, flags: FormatFlags) => {
        const { checkFormat } = await import('../../data/formats/check.ts');
        const format = await readFormat(flags);
        const progress = output.progress('check');
        const check = await checkFormat(directory, format, {
          signal,
          onProgress: ({ done, total }) => progress.update(done, total),
        });
        progress.close();
        const errors = check.defects.filter(({ severity }) => severity === 'error');
        const lines = check.defects.map(({ severity, code, file, what, expected, received, fix }) => {
          const contrast = [expected && `expected ${expected}`, received && `received ${received}`].filter(
            Boolean,
          );
          const word = output.style(severity === 'error' ? 'red' : 'yellow', severity);
          const advice = fix === undefined ? '' : `. ${fix}`;
          return `${word}  ${file}  ${[what, ...contrast].join(', ')}${advice} [${code}]`;
        });
        const { train, test } = check.images;
        const found = `${train} + ${test} images of ${check.persons} people`;
        const warnings = check.defects.length - errors.length;
        lines.push(`${found}: ${counted(errors.length, 'error')}, ${counted(warnings, 'warning')}.`);
        output.result(check, lines.join('\n'));
        if (errors.length > 0) {
          throw new PhalanxError('data/defects', {
            what: 'The dataset has defects that would spoil training',
            where: directory,
            fix: 'Mend the files listed above',
          });
        }
      }),
    );
  registerDataAnalyze(group, run);
  registerDataPrepare(group, run);
};

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
