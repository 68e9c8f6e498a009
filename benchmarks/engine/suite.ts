import type { BenchOptions } from '../arguments.ts';
import type { Machine } from '../machine.ts';
import type { PeerEnvironment } from '../peers/environment.ts';
import { compare } from '../report.ts';
import type { Results, Row } from '../report.ts';
import { playRounds } from '../rounds.ts';
import type { Effort } from '../rounds.ts';
import { measureCeiling } from './ceiling.ts';
import type { Ceiling } from './ceiling.ts';
import { startContestants } from './contestants.ts';
import { engineModels, precisions, works, zooModels } from './works.ts';
import type { BenchModel, BenchPrecision, Work } from './works.ts';

/** For one model, work and precision. */
const efforts = {
  quick: { least: 2, most: 3, seconds: 10 },
  full: { least: 2, most: 9, seconds: 60 },
} as const satisfies Record<string, Effort>;

const notes = [
  'Training: 5 · BCE + Dice and AdamW. Phalanx takes bytes and packed labels through the trainer’s own step, so that normalization and unpacking are part of its time; PyTorch and tfjs are given normalized float images and unpacked float masks.',
  'PyTorch: `zero_grad(set_to_none=True)`, fused AdamW; compiled modes compile model and loss as one; inference under `inference_mode`, without the auxiliary head of FCN.',
  'Memory: the most that was resident while the work ran, after warming up. A contender’s process infers first and trains then.',
  'Share of the ceiling: FLOP of the model’s convolutions (training: three forward passes) per second, over the best rate of a matrix product or a 3×3 convolution in this precision.',
  'Stock tfjs runs Adam, for it has no AdamW; it is listed, not counted as a peer.',
];

/** Name of a row, and what `--only` is matched with. */
export function rowName(model: BenchModel, work: Work): string {
  return `${model.name} ${work}`;
}

const suites = { engine: engineModels, models: zooModels } as const;

/** Inference and training step of every model of a suite. */
export async function runModelSuite(
  suite: keyof typeof suites,
  options: BenchOptions,
  machine: Machine,
  peers: PeerEnvironment,
): Promise<Results> {
  const { quick, only, bfloat16 } = options;
  const withBfloat16 = machine.bfloat16 || bfloat16;
  const measured = precisions.filter((precision) => precision === 'float32' || withBfloat16);
  const remarks = [...notes];
  if (!withBfloat16) {
    remarks.push(
      'bfloat16 was left out: this processor has no instructions for it (--bfloat16 measures it all the same).',
    );
  }
  const chosen = (model: BenchModel): Work[] =>
    works.filter((work) => only === undefined || only.test(rowName(model, work)));
  const wanted = suites[suite].filter(
    (model) => chosen(model).length > 0 && !(quick && only === undefined && model.slow),
  );
  if (quick) {
    remarks.push(
      'Quick: without PyTorch’s eager NCHW mode and stock tfjs, and without U-Net++ and FCN unless --only asks for them.',
    );
  }

  console.error('Measuring the ceiling');
  const ceiling = await measureCeiling(peers, wanted, measured, machine.cores, quick ? 0.5 : 1.5);
  for (const [name, reason] of ceiling.unknown) remarks.push(`${name} was left out: ${reason}`);
  const rows: Row[] = [];
  for (const model of wanted) {
    if (ceiling.unknown.has(model.name)) continue;
    for (const precision of measured) {
      rows.push(
        ...(await measureModel(
          { model, precision, works: chosen(model) },
          { ceiling, peers, machine, quick },
        )),
      );
    }
  }
  const { figures, flops } = ceiling;
  return {
    suite,
    quick,
    machine,
    rows,
    notes: remarks,
    facts: { ceilingFlops: flops, ceiling: figures, forwardFlops: Object.fromEntries(ceiling.forwardFlops) },
  };
}

interface Subject {
  readonly model: BenchModel;
  readonly precision: BenchPrecision;
  readonly works: readonly Work[];
}

interface Surroundings {
  readonly ceiling: Ceiling;
  readonly peers: PeerEnvironment;
  readonly machine: Machine;
  readonly quick: boolean;
}

async function measureModel(
  { model, precision, works: chosen }: Subject,
  { ceiling, peers, machine, quick }: Surroundings,
): Promise<Row[]> {
  const contestants = startContestants(model, precision, { peers, threads: machine.cores, quick });
  const rows: Row[] = [];
  try {
    for (const work of chosen) {
      const name = rowName(model, work);
      console.error(`${name}, ${precision}`);
      const flops = ceiling.forwardFlops.get(model.name)! * (work === 'inference' ? 1 : 3);
      const { measured, absent } = await playRounds(
        work,
        contestants,
        efforts[quick ? 'quick' : 'full'],
        (seconds) => flops / seconds / ceiling.flops[precision]!,
      );
      const side = (wanted: string) => measured.filter((one) => one.side === wanted);
      const [ours] = side('ours');
      if (ours === undefined) throw new Error(`${name}: Phalanx could not be measured`);
      const row = compare(name, precision, ours, side('peer'), { others: side('other'), absent });
      for (const one of row.contenders) console.error(`  ${one.name}: ${one.median.toFixed(3)} s`);
      console.error(`  ${row.ratio.toFixed(2)}× of ${row.peerName}`);
      rows.push(row);
    }
  } finally {
    await Promise.all(contestants.map(({ contender }) => contender.close()));
  }
  return rows;
}
