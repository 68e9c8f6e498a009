import { extname } from 'node:path';
import type { Command } from 'commander';
import { PhalanxError } from '../../core/errors.ts';
import type { GraphFormat } from '../../models/export/exportGraph.ts';
import type { Runner } from '../command.ts';
import { oneOf } from '../options.ts';
import { declared, optionalModelOptions } from './declareModel.ts';
import type { ModelFlags } from './declareModel.ts';

const formats = ['safetensors', 'onnx', 'savedmodel'] as const;

type Size = readonly [height: number, width: number];

interface ExportFlags extends Omit<ModelFlags, 'decoder'> {
  readonly decoder?: string;
  readonly weights?: string;
  readonly out: string;
  readonly format?: (typeof formats)[number];
  readonly size?: Size;
  readonly last?: boolean;
  readonly encoderOnly?: boolean;
  readonly runs: string;
}

export function registerModelExport(group: Command, run: Runner): void {
  const command = group
    .command('export')
    .description(
      "a run's weights as the state dict that segmentation-models-pytorch or torchvision loads, or the model as ONNX or SavedModel",
    )
    .argument('[run]', "a run's folder, identifier or experiment, of which the newest is taken")
    .requiredOption('--out <path>', 'the file to write: .safetensors or .onnx; of a SavedModel the folder')
    .option(
      '--format <name>',
      'safetensors, onnx or savedmodel (default: as --out ends, else safetensors)',
      oneOf('--format', formats),
    )
    .option('--size <HxW>', 'of the images that the exported model takes (default: as trained)', imageSize)
    .option('--last', 'the last checkpoint instead of the best')
    .option('--encoder-only', 'the encoder alone, under its own names; .safetensors only')
    .option('--runs <dir>', 'where runs are kept', 'runs')
    .option(
      '--weights <safetensors>',
      'instead of a run: a state dict, of the model that the options below tell',
    );
  optionalModelOptions(command).action(
    run(async ({ output }, reference: string | undefined, flags: ExportFlags) => {
      const { out, last, encoderOnly } = flags;
      const format = flags.format ?? (extname(out) === '.onnx' ? 'onnx' : 'safetensors');
      if (reference !== undefined) refuseSecondModel(flags);
      if (format !== 'safetensors') {
        const { path, input } = await exportAs(format, reference, flags);
        output.result({ output: path, input }, `${path} written: x ${input.join('×')} to logits.`);
        return;
      }
      if (reference === undefined) throw wrong('A run is missing, whose weights are written', 'Name a run');
      if (flags.size !== undefined) {
        throw wrong('Weights in a .safetensors file are for images of any size', 'Leave out --size');
      }
      const { exportRun } = await import('../../experiment/exportRun.ts');
      const { findRun } = await import('../../experiment/runDirectory.ts');
      const { tensors } = await exportRun({
        run: await findRun(flags.runs, reference),
        checkpoint: last === true ? 'last' : 'best',
        encoderOnly: encoderOnly === true,
        outputPath: out,
      });
      output.result({ output: out, tensors }, `${tensors} tensors written to ${out}.`);
    }),
  );
}

async function exportAs(format: GraphFormat, reference: string | undefined, flags: ExportFlags) {
  const { decoder, weights, size, out: outputPath, runs, last, encoderOnly } = flags;
  if (encoderOnly === true) {
    throw wrong('An encoder alone is written as .safetensors only', 'Leave out --encoder-only');
  }
  if (reference !== undefined) {
    const { exportRunGraph } = await import('../../experiment/exportRunGraph.ts');
    const { findRun } = await import('../../experiment/runDirectory.ts');
    const checkpoint = last === true ? 'last' : 'best';
    return exportRunGraph({ run: await findRun(runs, reference), checkpoint, format, size, outputPath });
  }
  if (decoder === undefined || weights === undefined || size === undefined) {
    throw wrong(
      'The model to export is not told',
      'Name a run, or give --weights, --decoder, --encoder, --classes and --size',
    );
  }
  const { exportWeights } = await import('../../models/export/exportWeights.ts');
  const model = await declared({ ...flags, decoder });
  return exportWeights({ model, weightsPath: weights, format, size, outputPath });
}

/** A run knows its model: what tells another would say nothing. */
function refuseSecondModel({ weights, decoder, encoder, set }: ExportFlags): void {
  const given = Object.entries({ weights, decoder, encoder, set }).find(([, value]) => value !== undefined);
  if (given === undefined) return;
  throw wrong(`A run and --${given[0]} are two models`, 'Leave one of them out');
}

function imageSize(text: string): Size {
  const [, height, width = height] = /^([1-9]\d{0,5})(?:x([1-9]\d{0,5}))?$/.exec(text) ?? [];
  if (height !== undefined) return [Number(height), Number(width)];
  throw new PhalanxError('cli/option', {
    what: 'The option --size cannot be used',
    expected: 'height and width in pixels, such as 512x384, or one side of a square',
    received: JSON.stringify(text),
  });
}

function wrong(what: string, fix: string): PhalanxError {
  return new PhalanxError('cli/option', { what, fix });
}
