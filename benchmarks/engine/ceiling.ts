import { fileURLToPath } from 'node:url';
import { Contender } from '../contender.ts';
import type { PeerEnvironment } from '../peers/environment.ts';
import { shape } from './works.ts';
import type { BenchModel, BenchPrecision } from './works.ts';

/** Pure arithmetic that a processor does at its best. */
export type CeilingWork =
  | { readonly kind: 'matmul'; readonly size: number }
  | { readonly kind: 'conv3x3'; readonly size: number; readonly channels: number };

const works: readonly CeilingWork[] = [
  { kind: 'matmul', size: 2048 },
  { kind: 'conv3x3', size: 256, channels: 64 },
  { kind: 'conv3x3', size: 128, channels: 128 },
  { kind: 'conv3x3', size: 64, channels: 256 },
];

export interface CeilingFigure {
  readonly work: string;
  readonly precision: BenchPrecision;
  readonly through: string;
  readonly gflops: number;
}

export interface Ceiling {
  readonly figures: readonly CeilingFigure[];
  /** The most that was seen in a precision, FLOP per second. */
  readonly flops: Readonly<Partial<Record<BenchPrecision, number>>>;
  /** What one forward pass of the batch costs, by the model's name; models that the registry lacks are absent. */
  readonly forwardFlops: ReadonlyMap<string, number>;
  /** Why a model is absent, by its name. */
  readonly unknown: ReadonlyMap<string, string>;
}

/** A multiplication and an addition count as two. */
export function flopsOf(work: CeilingWork): number {
  if (work.kind === 'matmul') return 2 * work.size ** 3;
  return 2 * shape.batch * 9 * work.channels ** 2 * work.size ** 2;
}

/** Asks the engine and PyTorch in turn, so that the ceiling is the machine's and not a library's. */
export async function measureCeiling(
  peers: PeerEnvironment,
  models: readonly BenchModel[],
  precisions: readonly BenchPrecision[],
  threads: number,
  seconds: number,
): Promise<Ceiling> {
  const path = (name: string): string => fileURLToPath(new URL(`contenders/${name}`, import.meta.url));
  const ours = new Contender('Phalanx', {
    program: process.execPath,
    parameters: ['--import', 'tsx', path('ceiling.ts'), String(threads)],
  });
  const torch = new Contender('PyTorch', {
    program: peers.python,
    parameters: [path('torch_ceiling.py'), String(threads)],
  });
  try {
    const figures: CeilingFigure[] = [];
    for (const precision of precisions) {
      for (const work of works) {
        for (const contender of [ours, torch]) {
          const answer = await contender.ask({ do: 'measure', precision, seconds, ...work });
          const gflops = flopsOf(work) / Number(answer['seconds']) / 1e9;
          const name =
            work.kind === 'matmul' ? `matmul ${work.size}` : `3×3 ${work.channels} at ${work.size}²`;
          figures.push({ work: name, precision, through: contender.name, gflops });
        }
      }
    }
    const forwardFlops = new Map<string, number>();
    const unknown = new Map<string, string>();
    for (const { name, model } of models) {
      try {
        const answer = await ours.ask({ do: 'describe', model, size: shape.size });
        forwardFlops.set(name, 2 * shape.batch * Number(answer['multiplyAdds']));
      } catch (error) {
        unknown.set(name, error instanceof Error ? error.message : String(error));
      }
    }
    const flops: Partial<Record<BenchPrecision, number>> = {};
    for (const { precision, gflops } of figures)
      flops[precision] = Math.max(flops[precision] ?? 0, 1e9 * gflops);
    return { figures, flops, forwardFlops, unknown };
  } finally {
    await ours.close();
    await torch.close();
  }
}
