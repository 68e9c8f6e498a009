import { PhalanxError, messageOf } from '../../core/errors.ts';
import type { RegisterCommand } from '../command.ts';
import { collect, wholeNumber } from '../options.ts';

interface PreviewFlags {
  readonly out: string;
  readonly fold: number;
  readonly images: number;
  readonly columns: number;
  readonly set?: readonly string[];
  readonly cache: string;
}

interface ApplyFlags {
  readonly transform: string;
  readonly image: string;
  readonly out: string;
  readonly seed: number;
}

export const registerAugment: RegisterCommand = (program, run) => {
  const group = program.command('augment').description('look at augmentation, and write augmented datasets');
  group
    .command('preview')
    .description('a contact sheet: training images and what the augmentation makes of them')
    .argument('<experiment>', 'file below experiments/, such as demo/unet')
    .requiredOption('--out <dir>', 'folder of the picture')
    .option('--fold <k>', 'fold whose training images are shown', wholeNumber('--fold', 0), 0)
    .option('--images <n>', 'rows', wholeNumber('--images', 1), 4)
    .option('--columns <n>', 'pictures in a row', wholeNumber('--columns', 2), 6)
    .option('--set <path=value>', 'change a setting; may be given several times', collect)
    .option('--cache <dir>', 'where decoded images are kept', 'cache')
    .action(
      run(async ({ output, signal }, reference: string, flags: PreviewFlags) => {
        const { resolveExperiment } = await import('../../experiment/resolve.ts');
        const { previewAugmentation } = await import('../../experiment/previewAugmentation.ts');
        const { set, ...options } = flags;
        const experiment = await resolveExperiment(reference, set);
        const path = await previewAugmentation({ experiment, ...options, signal });
        output.result({ path }, path);
      }),
    );
  group
    .command('offline')
    .description(
      'write images made of training images as a dataset, parents of one fold only; run again, it goes on',
    )
    .argument('<experiment>', 'one with an "offline" section')
    .option('--set <path=value>', 'change a setting; may be given several times', collect)
    .action(
      run(async ({ output, signal }, reference: string, options: { set?: readonly string[] }) => {
        const { resolveExperiment } = await import('../../experiment/resolve.ts');
        const { augmentOffline } = await import('../../experiment/augmentOffline.ts');
        const progress = output.progress('offline');
        const experiment = await resolveExperiment(reference, options.set);
        for await (const event of augmentOffline(experiment, signal)) {
          if (event.type === 'child') {
            if (event.kept) progress.startAt(event.done);
            progress.update(event.done, event.total, event.kind);
          }
          if (event.type !== 'end') continue;
          progress.close();
          const before = event.kept === 0 ? '' : `, ${event.kept} were there`;
          output.result(event, `${event.made} images made${before}: ${event.manifestPath}`);
        }
      }),
    );
  group
    .command('apply')
    .description('apply one transform to one image')
    .requiredOption('--transform <json>', 'the transform as data, such as \'{"name":"CLAHE","p":1}\'')
    .requiredOption('--image <file>', 'PNG to read')
    .requiredOption('--out <png>', 'PNG to write')
    .option('--seed <n>', 'the same seed draws the same', wholeNumber('--seed', 0), 0)
    .action(
      run(async ({ output }, { transform, image, out, seed }: ApplyFlags) => {
        const { augmentFile } = await import('../../augment/augmentFile.ts');
        await augmentFile({ transform: parseJson(transform), image, out, seed });
        output.result({ out }, `${out} written.`);
      }),
    );
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PhalanxError(
      'cli/option',
      {
        what: 'The option --transform cannot be read',
        expected: 'JSON such as {"name":"CLAHE","p":1}',
        received: messageOf(cause),
      },
      { cause },
    );
  }
}
