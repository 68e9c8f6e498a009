import type { RegisterCommand } from '../command.ts';
import { wholeNumber } from '../options.ts';
import { table } from '../../core/table.ts';
import { declared, modelOptions } from './declareModel.ts';
import type { ModelFlags } from './declareModel.ts';
import { registerModelExport } from './modelExport.ts';
import { registerModelImport } from './modelImport.ts';

interface RunFlags extends ModelFlags {
  readonly weights: string;
  readonly input: string;
  readonly output: string;
}

const count = new Intl.NumberFormat('en');
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

export const registerModel: RegisterCommand = (program, run) => {
  const group = program.command('model').description('look at models and run them');
  group
    .command('list')
    .description('every encoder and decoder, with options and sizes')
    .action(
      run(async ({ output }) => {
        const { listModels } = await import('../../models/listModels.ts');
        const models = listModels();
        const options = (entry: (typeof models.encoders)[number]): string =>
          entry.options.map(({ name, values }) => `${name}: ${values}`).join(', ');
        const encoders = models.encoders.map((entry) => [
          entry.name,
          count.format(entry.parameters),
          entry.channels.join(' '),
          options(entry),
        ]);
        const decoders = models.decoders.map(({ name, parameters, example, encoders: suitable }) => [
          name,
          count.format(parameters),
          example === undefined ? 'a whole network' : `on ${example}`,
          example === undefined ? '' : suitableList(suitable, models.encoders.length),
        ]);
        const volumes = models.volumes.map(({ name, parameters }) => [name, count.format(parameters)]);
        const decoderOptions = [...models.decoders, ...models.volumes].flatMap((entry) => [
          `\noptions of ${entry.name}`,
          ...entry.options.map(({ name, values }) => `  ${name}: ${values}`),
        ]);
        output.result(
          models,
          [
            table(['encoder', 'parameters', 'channels', 'options'], encoders),
            'Parameters of whole models, for colour images and one class:',
            table(['decoder', 'parameters', '', 'encoders'], decoders),
            'Networks for volumes, for one channel and one class; not for experiments:',
            table(['decoder', 'parameters'], volumes),
          ].join('\n\n') + `\n${decoderOptions.join('\n')}`,
        );
      }),
    );
  modelOptions(group.command('summary').description("a model's layers, shapes and multiply-adds"))
    .option('--size <px>', 'side of the input (default: 512, of a volume 128)', wholeNumber('--size', 32))
    .option('--placement', 'run it once, forward and backward, and tell which ops ran on which device')
    .action(
      run(async ({ output }, flags: ModelFlags & { size?: number; placement?: boolean }) => {
        const { parseAnyModel, takesVolumes } = await import('../../models/anyModel.ts');
        const model = parseAnyModel(await declared(flags));
        const volume = takesVolumes(model);
        const size = new Array<number>(volume ? 3 : 2).fill(flags.size ?? (volume ? 128 : 512));
        if (flags.placement === true) {
          const { placeModel } = await import('../../models/placeModel.ts');
          const kinds = await placeModel(model, size);
          const placed = kinds.map(({ op, device, count: ops }) => [op, device, count.format(ops)]);
          output.result(kinds, table(['op', 'device', 'ops'], placed));
          return;
        }
        const { describeModel } = await import('../../models/describeModel.ts');
        const summary = await describeModel(model, size);
        const rows = summary.layers.map((layer) => [
          layer.path,
          layer.type,
          layer.outputShape.slice(1).join('×'),
          count.format(layer.parameters),
          (layer.multiplyAdds / 1e6).toFixed(1),
          megabytes(layer.outputBytes),
        ]);
        output.result(
          summary,
          [
            table(['layer', 'type', 'output', 'parameters', 'M multiply-adds', 'MB'], rows),
            `${count.format(summary.parameters)} parameters, ${(summary.multiplyAdds / 1e9).toFixed(2)} G multiply-adds for one ${volume ? 'volume' : 'image'} of ${size.join(' × ')}.`,
            `In float32: ${megabytes(summary.stateBytes)} MB of weights, ${megabytes(summary.activationBytes)} MB of layers' outputs, the most of which training holds for every ${volume ? 'volume' : 'image'} of a batch.`,
          ].join('\n\n'),
        );
      }),
    );
  modelOptions(group.command('run').description('logits of a model, from files to a file, in float32'))
    .requiredOption('--weights <safetensors>', "state dict under PyTorch's names")
    .requiredOption('--input <safetensors>', 'holds tensor x: float32, N×C×H×W; of volumes N×C×D×H×W')
    .requiredOption('--output <safetensors>', 'gets tensor logits: float32, N×classes×H×W, or as x')
    .action(
      run(async ({ output }, flags: RunFlags) => {
        const { runModel } = await import('../../models/runModel.ts');
        const { shape } = await runModel({
          model: await declared(flags),
          weightsPath: flags.weights,
          inputPath: flags.input,
          outputPath: flags.output,
        });
        output.result(
          { output: flags.output, shape },
          `logits ${shape.join('×')} written to ${flags.output}.`,
        );
      }),
    );
  registerModelImport(group, run);
  registerModelExport(group, run);
};

function suitableList(suitable: readonly string[], all: number): string {
  if (suitable.length === all) return 'any';
  return suitable.length > 10 ? `${suitable.length} of ${all}` : suitable.join(' ');
}
