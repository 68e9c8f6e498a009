import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { PhalanxError } from '../core/errors.ts';

export interface OutFlags {
  readonly out: string;
  readonly force?: boolean;
}

/** Where a command writes one file, which is not written over another unless asked. */
export function outOptions(command: Command, kind: string): Command {
  return command
    .requiredOption(`--out <${kind}>`, 'where the result goes')
    .option('--force', 'replace the file if it exists');
}

/** @throws PhalanxError `cli/output-exists`. */
export function requireFree({ out, force = false }: OutFlags): void {
  if (force || !existsSync(out)) return;
  throw new PhalanxError('cli/output-exists', {
    what: 'What would be written exists already',
    where: out,
    fix: 'Choose another name, or replace it with --force',
  });
}
