import type { Command } from 'commander';
import { collect, wholeNumber } from '../options.ts';

/** A model told by options of a command. */
export interface ModelFlags {
  readonly decoder: string;
  readonly encoder?: string;
  readonly inChannels: number;
  readonly classes: number;
  readonly set?: readonly string[];
}

const seeList = 'see "phalanx model list"';

export function modelOptions(command: Command): Command {
  return furtherOptions(command.requiredOption('--decoder <name>', seeList));
}

/** For commands that take a run as well. */
export function optionalModelOptions(command: Command): Command {
  return furtherOptions(command.option('--decoder <name>', seeList));
}

function furtherOptions(command: Command): Command {
  return command
    .option('--encoder <name>', 'see "phalanx model list"; none for a decoder that is a whole network')
    .option('--in-channels <n>', 'channels of the input', wholeNumber('--in-channels', 1), 3)
    .option('--classes <n>', 'channels of the logits', wholeNumber('--classes', 1), 1)
    .option('--set <key=value>', 'a further option, such as decoder.attentionType=scse', collect);
}

/** The options of the model as they come from outside. */
export async function declared({
  decoder,
  encoder,
  inChannels,
  classes,
  set = [],
}: ModelFlags): Promise<unknown> {
  const { applyOverrides } = await import('../../experiment/overrides.ts');
  const foundation = encoder === undefined ? {} : { encoder: { name: encoder } };
  return applyOverrides({ decoder: { name: decoder }, ...foundation, inChannels, classes }, set);
}
