import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { PhalanxError, messageOf } from '../core/errors.ts';
import { resolveWeights } from '../models/weights/folder.ts';
import type { Experiment } from './schema.ts';

/** SHA-256 of each file that an experiment's model starts from, by the setting that names it. */
export type StartingWeights = Readonly<Record<string, string>>;

/**
 * Reads the files that a model starts from, to know them again when a run is continued: a name in the settings says
 * nothing of what the file holds.
 *
 * @throws PhalanxError `weights/missing`, which says where to get named weights; `safetensors/open` for a file that
 *   cannot be read
 */
export async function startingWeights({ encoder, weights }: Experiment['model']): Promise<StartingWeights> {
  const files = { 'model.encoder.weights': resolveWeights(encoder), 'model.weights': weights };
  const digests: Record<string, string> = {};
  for (const [setting, path] of Object.entries(files)) {
    if (path !== undefined) digests[setting] = await digestOf(path);
  }
  return digests;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    if (!(await stat(path)).isFile()) throw new Error('it is not a file');
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    throw new PhalanxError(
      'safetensors/open',
      {
        what: 'The weights file cannot be opened',
        where: path,
        received: messageOf(cause),
        fix: 'Check the path and that the file may be read',
      },
      { cause },
    );
  }
  return hash.digest('hex');
}

/**
 * The settings whose files were others when a run began. A run that began before they were recorded tells of none.
 */
export function changedWeights(recorded: StartingWeights | undefined, now: StartingWeights): string[] {
  return Object.keys(now).filter((setting) => recorded !== undefined && recorded[setting] !== now[setting]);
}
