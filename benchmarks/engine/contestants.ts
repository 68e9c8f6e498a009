import { fileURLToPath } from 'node:url';
import { Contender } from '../contender.ts';
import type { PeerEnvironment } from '../peers/environment.ts';
import type { Player } from '../rounds.ts';
import { shape, torchModes } from './works.ts';
import type { BenchModel, BenchPrecision, ContenderSpec } from './works.ts';

export interface Contestant extends Player {
  readonly contender: Contender;
}

export interface Conditions {
  readonly peers: PeerEnvironment;
  readonly threads: number;
  /** Without those that are never the fastest on a CPU. */
  readonly quick: boolean;
}

/** Starts everyone who takes part in a model and a precision, each a process of its own. */
export function startContestants(
  model: BenchModel,
  precision: BenchPrecision,
  { peers, threads, quick }: Conditions,
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
    if (quick && !mode.channelsLast) continue;
    const contender = new Contender(name, {
      program: peers.python,
      parameters: [path('torch_contender.py'), JSON.stringify({ ...spec, ...mode })],
      // Kernels compiled in an earlier run are used again.
      environment: { TORCHINDUCTOR_CACHE_DIR: peers.cache },
    });
    contestants.push({ side: 'peer', contender });
  }
  if (model.stockTfjs && precision === 'float32' && !quick) {
    contestants.push({ side: 'other', contender: node('stock tfjs', 'stockTfjs.ts') });
  }
  return contestants;
}
