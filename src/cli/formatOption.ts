import type { Command } from 'commander';
import type { Format } from '../data/formats/options.ts';
import { PhalanxError } from '../core/errors.ts';

/** How a command that is given a folder learns what lies in it. */
export interface FormatFlags {
  readonly format?: string;
  readonly experiment?: string;
}

/** Adds the options that `readFormat` reads. */
export function formatOptions(command: Command): Command {
  return command
    .option('--format <format>', 'data.format of an experiment, or its name (default: hand-bone)')
    .option('--experiment <name>', 'read the folder as this experiment does');
}

/**
 * The format that a person named, or that of the hand-bone competition.
 *
 * @throws PhalanxError `cli/option` when both options are given or the JSON cannot be read; `experiment/…`.
 */
export async function readFormat({ format, experiment }: FormatFlags): Promise<Format> {
  if (format !== undefined && experiment !== undefined) {
    throw new PhalanxError('cli/option', {
      what: 'The format is given twice',
      expected: 'either --format or --experiment',
    });
  }
  if (experiment !== undefined) {
    const { resolveExperiment } = await import('../experiment/resolve.ts');
    return (await resolveExperiment(experiment)).config.data.format;
  }
  if (format === undefined) return 'hand-bone';
  const { formatSchema } = await import('../data/formats/options.ts');
  const { parseDeclared } = await import('../experiment/validate.ts');
  return parseDeclared(formatSchema, parsed(format), '--format');
}

function parsed(text: string): unknown {
  if (text === 'hand-bone') return text;
  // Any other word is the name of a format whose options all have defaults.
  if (/^[a-z-]+$/.test(text)) return { name: text };
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PhalanxError(
      'cli/option',
      {
        what: 'The format cannot be read',
        expected: 'a name or JSON, such as coco or {"name": "coco", "images": "."}',
        received: text.slice(0, 200),
      },
      { cause },
    );
  }
}
