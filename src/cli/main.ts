import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { PhalanxError, messageOf } from '../core/errors.ts';
import type { CommandContext, Runner } from './command.ts';
import { commands } from './commands.ts';
import { createOutput } from './terminal/output.ts';

/** Exit codes: 0 success, 1 the user's error, 2 a defect of Phalanx, 130 stopped by Ctrl-C. */
export type ExitCode = 0 | 1 | 2 | 130;

/**
 * Runs one command line.
 *
 * @param args without the interpreter and the program's name.
 */
export async function main(args: readonly string[]): Promise<ExitCode> {
  const abort = new AbortController();
  let interrupts = 0;
  const interrupt = (): void => {
    interrupts++;
    if (interrupts > 1) process.exit(130);
    process.stderr.write('\nStopping cleanly; press Ctrl-C again to stop at once.\n');
    abort.abort(new DOMException('Stopped by Ctrl-C', 'AbortError'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  // A reader such as `head` that closes early is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  try {
    let code: ExitCode = 0;
    const program = buildProgram(abort.signal, () => (code = 1));
    await program.parseAsync([...args], { from: 'user' });
    return abort.signal.aborted ? 130 : code;
  } catch (error) {
    if (abort.signal.aborted) return 130;
    return reportError(error, args.includes('--debug'));
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** The whole command line; also what the reference in docs/ is generated from. */
export function buildProgram(signal: AbortSignal, answerNo: () => void = () => undefined): Command {
  const program = new Command('phalanx')
    .description('Train, ensemble and submit segmentation models for competitions.')
    .version(version(), '--version')
    .enablePositionalOptions();
  const run: Runner = (action) => {
    return async (...args) => {
      const options = args.findLast((argument) => argument instanceof Command)?.optsWithGlobals() ?? {};
      const context: CommandContext = {
        output: createOutput({ json: (options as { json?: boolean }).json === true }),
        signal,
        answerNo,
      };
      await action(context, ...args);
    };
  };
  for (const register of commands) register(program, run);
  eachCommand(program, (command) => {
    command.exitOverride().configureOutput({ outputError: () => undefined });
    if (command.commands.length === 0) {
      command.option('--json', 'print the result as JSON for machines');
      command.option('--debug', 'print the stack trace of an error');
      command.allowExcessArguments(false);
    }
  });
  return program;
}

function eachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) eachCommand(child, visit);
}

function reportError(error: unknown, debug: boolean): ExitCode {
  if (error instanceof CommanderError) {
    // Help and version leave through the same door as errors do.
    if (error.exitCode === 0 || error.code === 'commander.help') return error.exitCode === 0 ? 0 : 1;
    process.stderr.write(
      `${error.message.replace(/\s*\n\s*/g, ' ').replace(/\.?$/, '.')} See "phalanx --help".\n`,
    );
    return 1;
  }
  if (error instanceof PhalanxError) {
    process.stderr.write(`error: ${error.message} [${error.code}]\n`);
    if (debug) process.stderr.write(`${traces(error)}\n`);
    return 1;
  }
  process.stderr.write(`internal error: ${messageOf(error)}\n`);
  process.stderr.write(debug ? `${traces(error)}\n` : 'This is a defect of Phalanx; --debug shows where.\n');
  return 2;
}

function traces(error: unknown): string {
  const parts: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) parts.push(at.stack ?? at.message);
  return parts.join('\ncaused by ');
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
