import { readFile } from 'node:fs/promises';
import type { RegisterCommand } from '../command.ts';
import { PhalanxError } from '../../core/errors.ts';
import { oneOf, pixelSize } from '../options.ts';
import { bytesText } from '../terminal/bytes.ts';

interface ImportFlags {
  readonly out: string;
  readonly classes: string;
  readonly size: { readonly width: number; readonly height: number };
  readonly layout: 'chw' | 'hwc';
  readonly values: 'logits' | 'probabilities';
}

export const registerLogits: RegisterCommand = (program, run) => {
  program
    .command('logits')
    .description('logits of models trained elsewhere')
    .command('import')
    .description('bring NumPy arrays into a folder of logits that ensembles can join')
    .argument(
      '<from>',
      'folder of .npy files named by image (image1.png.npy), or a .npz file with one array each',
    )
    .requiredOption('--out <dir>', 'folder for the logits')
    .requiredOption('--classes <file>', "text file with the classes' names, one a line, in the arrays' order")
    .requiredOption(
      '--size <width>x<height>',
      'of the images that the logits are upsampled to, pixels',
      sizeOf,
    )
    .option('--layout <layout>', 'axes of the arrays: chw or hwc', oneOf('--layout', ['chw', 'hwc']), 'chw')
    .option(
      '--values <kind>',
      'logits, or probabilities (uint8: 255ths)',
      oneOf('--values', ['logits', 'probabilities']),
      'logits',
    )
    .action(
      run(async ({ output, signal }, from: string, flags: ImportFlags) => {
        const { importLogits } = await import('../../inference/import/importLogits.ts');
        const { LogitStore } = await import('../../inference/store/logitStore.ts');
        const store = new LogitStore(flags.out);
        const classes = await classesOf(flags.classes);
        const progress = output.progress('import');
        let images = 0;
        let bytes = 0;
        try {
          for await (const event of importLogits({ ...flags, from, store, classes, signal })) {
            images = event.done;
            bytes += event.bytes;
            progress.update(event.done, event.total, bytesText(bytes));
          }
        } finally {
          progress.clear();
        }
        output.result({ images, bytes, store: flags.out }, `Logits of ${images} images are in ${flags.out}.`);
      }),
    );
};

async function classesOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PhalanxError(
      'logits/classes',
      { what: "The classes' names cannot be read", where: path },
      { cause },
    );
  });
  const classes = text.split(/\r?\n/).filter((name) => name !== '');
  if (classes.length > 0 && classes.length <= 4096 && new Set(classes).size === classes.length)
    return classes;
  throw new PhalanxError('logits/classes', {
    what: "The classes' names cannot be used",
    where: path,
    expected: 'one name a line, each once',
    received: `${classes.length} lines, ${new Set(classes).size} different`,
  });
}

function sizeOf(text: string): ImportFlags['size'] {
  const size = pixelSize(text);
  if (
    size !== undefined &&
    Math.min(size.width, size.height) >= 1 &&
    Math.max(size.width, size.height) <= 16384
  ) {
    return size;
  }
  throw new PhalanxError('cli/option', {
    what: 'The option --size cannot be used',
    expected: 'width and height in pixels, such as 2048x2048',
    received: JSON.stringify(text),
  });
}
