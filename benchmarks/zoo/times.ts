import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../machine.ts';
import { resultsFolder } from '../report.ts';

/** Least seconds of inference of one image of 512² by name, float32, to logits of one class. */
export interface ZooTimes {
  readonly machine: Machine;
  /** Under `unet`. */
  readonly encoders: Readonly<Record<string, number>>;
  /** On the encoder that the reference shows them on. */
  readonly decoders: Readonly<Record<string, number>>;
}

/** What `npm run bench:zoo` measured; of the machine whose name comes first, where several did. */
export async function readZooTimes(): Promise<ZooTimes> {
  const [file] = (await readdir(resultsFolder)).filter((name) => name.startsWith('zoo-')).sort();
  if (file === undefined) throw new Error(`${resultsFolder} has no zoo-….json: run \`npm run bench:zoo\``);
  return JSON.parse(await readFile(join(resultsFolder, file), 'utf8')) as ZooTimes;
}
