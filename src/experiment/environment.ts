import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { z } from 'zod';

/** What a run was made with, as far as it can affect results or speed. */
export interface Environment {
  readonly phalanx: string;
  readonly node: string;
  readonly platform: string;
  readonly processor: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** Of the folder the command ran in; absent outside a repository. */
  readonly git?: { readonly commit: string; readonly dirty: boolean };
}

const packageSchema = z.object({ version: z.string() });

export async function describeEnvironment(directory = process.cwd()): Promise<Environment> {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const git = await gitState(directory);
  return {
    phalanx: packageSchema.parse(JSON.parse(manifest)).version,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: totalmem(),
    ...(git === undefined ? {} : { git }),
  };
}

async function gitState(directory: string): Promise<Environment['git']> {
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('git', args, { cwd: directory, timeout: 5000 })).stdout.trim();
  try {
    return { commit: await git('rev-parse', 'HEAD'), dirty: (await git('status', '--porcelain')) !== '' };
  } catch {
    return undefined;
  }
}
