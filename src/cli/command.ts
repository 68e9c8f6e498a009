import type { Command } from 'commander';
import type { Output } from './terminal/output.ts';

/** What every command gets besides its own options. */
export interface CommandContext {
  readonly output: Output;
  /** Aborted at the first Ctrl-C; the command then stops cleanly and the process exits with 130. */
  readonly signal: AbortSignal;
  /** The process exits with 1 though nothing failed, as `diff` does when it finds a difference. */
  readonly answerNo: () => void;
}

/** Adds one command, or a group of them, to the program. Work is imported when the command runs, not before. */
export type RegisterCommand = (program: Command, run: Runner) => void;

/** Wraps a command's action: it gets its context, and what it throws becomes one sentence and an exit code. */
export type Runner = <Args extends readonly unknown[]>(
  action: (context: CommandContext, ...args: Args) => Promise<void>,
) => (...args: Args) => Promise<void>;
