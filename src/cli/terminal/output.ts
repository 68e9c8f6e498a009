import { styleText } from 'node:util';
import { Progress } from './progress.ts';

type Style = Parameters<typeof styleText>[0];

/** Where a command's results and progress go. */
export interface Output {
  /** The command's result: `data` as one line of JSON under `--json`, `text` otherwise. */
  result(data: unknown, text: string): void;
  /** Something a person should know while the command runs; silent under `--json`. */
  note(text: string): void;
  warn(text: string): void;
  /** A bar on a terminal, plain lines elsewhere, nothing under `--json`. */
  progress(label: string): Progress;
  style(style: Style, text: string): string;
}

export function createOutput(options: { readonly json: boolean }): Output {
  const colour =
    process.stderr.isTTY && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb';
  const style = (name: Style, text: string): string => (colour ? styleText(name, text) : text);
  return {
    result: (data, text) => {
      if (options.json) process.stdout.write(`${JSON.stringify(data)}\n`);
      else if (text !== '') process.stdout.write(`${text}\n`);
    },
    note: (text) => {
      if (!options.json) process.stderr.write(`${text}\n`);
    },
    warn: (text) => {
      process.stderr.write(`${style('yellow', 'warning:')} ${text}\n`);
    },
    progress: (label) =>
      new Progress(label, options.json ? 'silent' : process.stderr.isTTY ? 'bar' : 'lines', style),
    style,
  };
}
