import { fileURLToPath } from 'node:url';
import { Contender } from '../contender.ts';
import type { PeerEnvironment } from '../peers/environment.ts';
import { shape, torchModes } from './works.ts';
import type { BenchModel, BenchPrecision, ContenderSpec } from './works.ts';

/** Whose figure counts as what. */
export type Side = 'ours' | 'peer' | 'other';

export interface Contestant {
  readonly side: Side;
  readonly contender: Contender;
}

/** Starts everyone who takes part in a model and a precision, each a process of its own. */
export function startContestants(
  model: BenchModel,
  precision: BenchPrecision,
  peers: PeerEnvironment,
  threads: number,
): Contestant[] {
  const { size, batch } = shape;
  const spec: ContenderSpec = { model: model.model, precision, threads, size, batch };
  const path = (name: string): string => fileURLToPath(new URL(`contenders/${name}`, import.meta.url));
  const node = (name: string, script: string): Contender =>
    new Contender(name, {
      program: process.execPath,
      parameters: ['--import', 'tsx', path(script), JSON.stringify(spec)],
    });
  const contestants: Contestant[] = [{ side: 'ours', contender: node('Phalanx', 'phalanx.ts') }];
  for (const { name, ...mode } of torchModes[precision]) {
    const contender = new Contender(name, {
      program: peers.python,
      parameters: [path('torch_contender.py'), JSON.stringify({ ...spec, ...mode })],
      // Kernels compiled in an earlier run are used again.
      environment: { TORCHINDUCTOR_CACHE_DIR: peers.cache },
    });
    contestants.push({ side: 'peer', contender });
  }
  if (model.stockTfjs && precision === 'float32') {
    contestants.push({ side: 'other', contender: node('stock tfjs', 'stockTfjs.ts') });
  }
  return contestants;
}
