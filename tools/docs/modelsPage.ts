import { readZooTimes } from '../../benchmarks/zoo/times.ts';
import { describeModel } from '../../src/models/describeModel.ts';
import type { EncoderName } from '../../src/models/encoders/options.ts';
import { listModels } from '../../src/models/listModels.ts';
import { parseModel } from '../../src/models/modelSchema.ts';
import type { OptionEntry } from '../../src/models/listModels.ts';
import { volumeSchemas } from '../../src/models/volumes/options.ts';
import { readDocComments } from './docComments.ts';
import { anchor, code, generatedFrom, page, table } from './markdown.ts';
import { describedSchema } from './schemaValues.ts';
import { namedSection, settingRows } from './settingsTable.ts';

const count = new Intl.NumberFormat('en');

/** `docs/reference/models.md`: every encoder and decoder with its sizes, from the trees themselves. */
export async function modelsPage(): Promise<string> {
  const { encoders, decoders, volumes } = listModels();
  const docs = readDocComments();
  const times = await readZooTimes();
  const { processor, cores } = times.machine;
  const rows: string[][] = [];
  for (const encoder of encoders) {
    rows.push([
      code(encoder.name),
      count.format(encoder.parameters),
      ((await encoderMultiplyAdds(encoder.name)) / 1e9).toFixed(1),
      milliseconds(times.encoders[encoder.name]),
      encoder.channels.join(', '),
      optionNames(encoder.options),
      encoder.weights.map(code).join(', '),
    ]);
  }
  return page(
    generatedFrom('`listModels` in `src/models/listModels.ts`'),
    '# Models',
    'A model is a decoder on an encoder: `model: { decoder: { name }, encoder: { name } }` in an experiment, `--decoder` and `--encoder` on the command line. What the options mean stands with [the settings of an experiment](experiment.md#model). Parameters and tensors carry the names and the layout of PyTorch originals, so [weights move both ways](../guides/weights.md). `npx phalanx model summary` shows any pair layer by layer.',
    '## Encoders',
    `Multiply-adds are billions for one image of 512 by 512, in layers with weights. Milliseconds are those of inference of such an image by a U-Net on the encoder, float32, on ${processor} with ${cores} cores (\`npm run bench:zoo\`). Channels are those of every feature map for colour images at depth 5: the image itself, then features of 2, 4, 8, 16 and 32 pixels of the image per pixel. Weights are the names of those that are published; \`phalanx model import\` puts them in their place ([weights](../guides/weights.md)).`,
    table(['encoder', 'parameters', 'G multiply-adds', 'ms', 'channels', 'options', 'weights'], rows),
    '## Decoders',
    'Parameters and milliseconds are those of the whole model for colour images and one class, on the encoder named beside them.',
    table(
      ['decoder', 'parameters', 'ms', 'on', 'encoders that it does not go with', 'options'],
      decoders.map((decoder) => [
        `[${code(decoder.name)}](experiment.md#${anchor(decoder.name)})`,
        count.format(decoder.parameters),
        milliseconds(times.decoders[decoder.name]),
        decoder.example === undefined ? 'none: a whole network' : code(decoder.example),
        decoder.example === undefined
          ? 'all'
          : unsuitable(
              decoder.encoders,
              encoders.map(({ name }) => name),
            ),
        optionNames(decoder.options),
      ]),
    ),
    '## Networks for volumes',
    'They take volumes `[N, D, H, W, C]` where decoders take images: `buildVolumeModel` builds one, and `phalanx model summary` and `run` know them by `--decoder`. Experiments train on images alone. Parameters are for one channel and one class.',
    table(
      ['network', 'parameters'],
      volumes.map(({ name, parameters }) => [code(name), count.format(parameters)]),
    ),
    ...volumes.map(({ name }) =>
      namedSection(
        {
          names: [name],
          comment: docs.volumes.comment(name),
          rows: settingRows(describedSchema(volumeSchemas[name]), docs.volume.named(name), ''),
        },
        '###',
      ),
    ),
  );
}

/** A dash for what was added since the times were measured. */
function milliseconds(seconds: number | undefined): string {
  return seconds === undefined ? '–' : (1000 * seconds).toFixed(0);
}

async function encoderMultiplyAdds(name: EncoderName): Promise<number> {
  const options = { decoder: { name: 'unet' }, encoder: { name }, inChannels: 3, classes: 1 };
  const { layers } = await describeModel(parseModel(options));
  return layers
    .filter(({ path }) => path.startsWith('encoder.'))
    .reduce((sum, layer) => sum + layer.multiplyAdds, 0);
}

/** The shorter of the two lists. */
function unsuitable(suitable: readonly EncoderName[], all: readonly EncoderName[]): string {
  const others = all.filter((name) => !suitable.includes(name));
  if (others.length <= suitable.length) return others.map(code).join(', ');
  return `all but ${suitable.map(code).join(', ')}`;
}

function optionNames(options: readonly OptionEntry[]): string {
  return options.map(({ name }) => code(name)).join(', ');
}
