import { listModels } from '../../src/models/listModels.ts';
import type { DecoderEntry, EncoderEntry, OptionEntry } from '../../src/models/listModels.ts';
import { anchor, code, generatedFrom, page, table } from './markdown.ts';

const count = new Intl.NumberFormat('en');

/** `docs/reference/models.md`: every encoder and decoder with its sizes, from the trees themselves. */
export function modelsPage(): string {
  const { encoders, decoders } = listModels();
  const onEncoders = decoders.filter(({ ownParameters }) => ownParameters === undefined);
  return page(
    generatedFrom('`listModels` in `src/models/listModels.ts`'),
    '# Models',
    'A model is a decoder on an encoder: `model: { decoder: { name }, encoder: { name } }` in an experiment, `--decoder` and `--encoder` on the command line. What the options mean stands with [the settings of an experiment](experiment.md#model). Parameters and tensors carry the names and the layout of PyTorch originals, so [weights move both ways](../guides/weights.md). `npx phalanx model summary` shows any pair layer by layer.',
    '## Encoders',
    'Channels are those of the image and of each stage, strides the pixels of the image per pixel of each feature map, both for colour images at depth 5.',
    table(
      ['encoder', 'parameters', 'channels', 'strides', 'options'],
      encoders.map((encoder) => [
        code(encoder.name),
        count.format(encoder.parameters),
        encoder.channels.join(', '),
        encoder.strides.join(', '),
        optionNames(encoder.options),
      ]),
    ),
    '## Decoders',
    table(
      ['decoder', 'options'],
      decoders.map((decoder) => [
        `[${code(decoder.name)}](experiment.md#${anchor(decoder.name)})`,
        optionNames(decoder.options),
      ]),
    ),
    ...wholeNetworks(decoders),
    'Parameters of the whole model with each encoder, for colour images and one class; – where they do not go together:',
    table(
      ['encoder', ...onEncoders.map(({ name }) => code(name))],
      encoders.map((encoder) => [
        code(encoder.name),
        ...onEncoders.map(({ parameters }) => parametersWith(parameters, encoder)),
      ]),
    ),
  );
}

function wholeNetworks(decoders: readonly DecoderEntry[]): string[] {
  const rows = decoders.flatMap(({ name, ownParameters }) =>
    ownParameters === undefined ? [] : [[code(name), count.format(ownParameters)]],
  );
  if (rows.length === 0) return [];
  return [
    'These are whole networks and take no `encoder`; parameters for colour images and one class:',
    table(['decoder', 'parameters'], rows),
  ];
}

function parametersWith(
  parameters: Readonly<Partial<Record<EncoderEntry['name'], number>>>,
  { name }: EncoderEntry,
): string {
  const total = parameters[name];
  return total === undefined ? '–' : count.format(total);
}

function optionNames(options: readonly OptionEntry[]): string {
  return options.map(({ name }) => code(name)).join(', ');
}
