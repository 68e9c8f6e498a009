import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformNames } from '../../src/augment/spec.ts';
import { UsageError } from '../arguments.ts';
import type { BenchOptions } from '../arguments.ts';
import { Contender } from '../contender.ts';
import type { Machine } from '../machine.ts';
import type { PeerEnvironment } from '../peers/environment.ts';
import { MemoryWatch, ownBytes } from '../processTree.ts';
import { compare } from '../report.ts';
import type { Results, Row } from '../report.ts';
import { playRounds } from '../rounds.ts';
import type { Effort, Player, Side } from '../rounds.ts';
import { loaderSizes, prepareMaterial } from './material.ts';
import type { Conditions, DataWork } from './work.ts';
import { dataWorks } from './works.ts';

/** For one work, all its contenders together. */
const efforts = {
  quick: { least: 2, most: 3, seconds: 3 },
  full: { least: 3, most: 9, seconds: 20 },
} as const satisfies Record<string, Effort>;

const notes = [
  'One unit of work: one image with whatever belongs to it, and for the loader one sample of a batch. Each side uses all cores in the way that is fastest for it: Phalanx by as many units in flight as there are cores, the peers by their own threads or, where that is faster, by as many threads of Python, each with one thread of OpenCV or PyTorch. One unit at a time in Phalanx is listed, not counted.',
  'Peers are in their best mode: several are measured where it is not obvious, and the one with the least median counts.',
  '“Classes last” is how albumentations and the competition’s baseline hold masks; “classes first” may leave pages that no polygon touches unwritten, so that whoever reads the masks pays for zeroing them.',
  'Loader: flip, rotate, brightness and contrast, CLAHE and sharpen on image and 29 labels, batches of 4, from images decoded beforehand (the cache; two NumPy memory maps). DataLoader has a worker per core, persistent, one thread each; its batches stay bytes, classes last, its faster form.',
  'Memory: the most that was resident while the work ran, libraries included. Of loaders: of all processes, shared pages once, without pages of mapped files.',
  'By processor time: of all threads and processes of a side, per unit; what a busy machine disturbs least.',
];

/** Every row that the machine at hand can measure. */
export async function runDataSuite(
  { quick, only }: BenchOptions,
  machine: Machine,
  peers: PeerEnvironment,
): Promise<Results> {
  const remarks = [...notes];
  const asked = dataWorks.filter(({ name }) => only?.test(name) ?? true);
  if (asked.length === 0) throw new UsageError('--only matches no row of the suite "data".');
  const wanted = asked.filter(({ name, spec }) => {
    const known = spec === undefined || transformNames.some((transform) => transform === spec.name);
    if (!known) remarks.push(`${name} was left out: there is no transform of that name.`);
    return known;
  });
  const folder = await mkdtemp(join(tmpdir(), 'phalanx-bench-data-'));
  // It holds more than a gigabyte: a benchmark that is stopped must not leave it.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    const loads = wanted.filter(({ wholeMachine }) => wholeMachine === true);
    const sizes = loaderSizes.filter((size) => loads.some(({ name }) => name.includes(`${size}²`)));
    const material = await prepareMaterial(folder, sizes);
    const conditions = { material, threads: machine.cores, seconds: quick ? 0.15 : 0.4 };
    const rows: Row[] = [];
    for (const work of wanted) {
      console.error(work.name);
      rows.push(await measureWork(work, conditions, peers, efforts[quick ? 'quick' : 'full']));
    }
    return { suite: 'data', quick, machine, rows, notes: remarks, facts: {} };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureWork(
  work: DataWork,
  conditions: Omit<Conditions, 'inFlight'>,
  peers: PeerEnvironment,
  effort: Effort,
): Promise<Row> {
  const { threads } = conditions;
  const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const settings = JSON.stringify(conditions);
  const ours = new Contender('Phalanx', {
    program: process.execPath,
    parameters: ['--import', 'tsx', path('contender.ts'), settings],
    environment: { UV_THREADPOOL_SIZE: String(threads) },
  });
  const peer = new Contender('the peers', {
    program: peers.python,
    parameters: [path('peer.py'), settings],
  });
  try {
    const { measured, absent } = await playRounds(work.name, playersOf(work, ours, peer, threads), effort);
    const side = (wanted: Side) => measured.filter((one) => one.side === wanted);
    const [mine] = side('ours');
    if (mine === undefined) throw new Error(`${work.name}: Phalanx could not be measured`);
    const { goal } = work;
    const row = compare(work.name, '8-bit', mine, side('peer'), { others: side('other'), absent, goal });
    for (const one of row.contenders)
      console.error(`  ${one.name}: ${(1000 * one.median).toPrecision(3)} ms`);
    const aim = goal === undefined ? '' : `, goal ${goal}`;
    const busy =
      row.processorRatio === undefined ? '' : `, by processor time ${row.processorRatio.toFixed(3)}`;
    console.error(`  ${row.ratio.toFixed(3)}× of ${row.peerName}${aim}${busy}`);
    return row;
  } finally {
    await Promise.all([ours.close(), peer.close()]);
  }
}

/** The ways in which each side does the work. */
function playersOf(work: DataWork, ours: Contender, peer: Contender, threads: number): Player[] {
  const player = (
    side: Side,
    contender: Contender,
    name: string,
    request: Readonly<Record<string, unknown>>,
  ): Player => ({
    side,
    contender: {
      name,
      ask: (asked) => {
        const ask = () => contender.ask({ ...asked, ...request });
        return work.wholeMachine === true ? watched(contender, ask) : ask();
      },
    },
  });
  const { modes, ...rest } = work.peer;
  const wholly = work.wholeMachine === true || threads === 1;
  return [
    player('ours', ours, 'Phalanx', { inFlight: wholly ? 1 : threads }),
    ...(wholly ? [] : [player('other', ours, 'Phalanx, one at a time', { inFlight: 1 })]),
    ...modes.flatMap((mode) => [
      player('peer', peer, mode, { ...rest, mode, inFlight: 1 }),
      ...(wholly
        ? []
        : [
            player('peer', peer, `${mode}, ${threads} threads of Python`, {
              ...rest,
              mode,
              inFlight: threads,
            }),
          ]),
    ]),
  ];
}

/** An answer with the memory of all processes that worked for it. */
async function watched<Answer extends object>(
  { pid }: Contender,
  ask: () => Promise<Answer>,
): Promise<Answer & { peakBytes: number }> {
  const watch = new MemoryWatch(pid!, 100, ownBytes);
  try {
    const answer = await ask();
    return { ...answer, peakBytes: watch.stop() };
  } finally {
    watch.stop();
  }
}
