import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PhalanxError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { Run } from './runDirectory.ts';

const extension = '.safetensors';

/**
 * A file of a run's weights.
 *
 * @param weights Its name in the run's `checkpoints/`, such as `last`; by default `best`, or `last` if there was no
 *   validation.
 * @throws PhalanxError `run/no-checkpoint` naming those that there are.
 */
export async function runCheckpoint(run: Run, weights?: string): Promise<string> {
  const directory = join(run.directory, 'checkpoints');
  const names = (await readdir(directory).catch(() => []))
    .filter((file) => file.endsWith(extension) && !file.startsWith('.'))
    .map((file) => file.slice(0, -extension.length))
    // It holds more than weights, under names of its own.
    .filter((name) => name !== 'resume')
    .sort();
  const wanted = weights === undefined ? ['best', 'last'] : [weights];
  const found = wanted.find((name) => names.includes(name));
  if (found !== undefined) return join(directory, `${found}${extension}`);
  const meant = weights === undefined ? undefined : nearest(weights, names);
  throw new PhalanxError('run/no-checkpoint', {
    what: weights === undefined ? 'The run has no weights to predict with' : 'The run has no such weights',
    where: directory,
    expected:
      names.length === 0 ? 'best.safetensors or last.safetensors' : (meant ?? `one of ${names.join(', ')}`),
    ...(weights === undefined ? {} : { received: JSON.stringify(weights) }),
    fix: names.length === 0 ? 'Continue it with "phalanx train --resume"' : 'Name one of them',
  });
}

/** Of a file, in hex. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
