import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Contender } from '../contender.ts';
import type { PeerEnvironment } from '../peers/environment.ts';
import { MemoryWatch, ownBytes } from '../processTree.ts';
import { compare } from '../report.ts';
import type { Row } from '../report.ts';
import { playRounds } from '../rounds.ts';
import type { Effort, Player, Side } from '../rounds.ts';
import type { Conditions, DataWork } from './work.ts';

/** For one work, all its contenders together. */
export const efforts = {
  quick: { least: 2, most: 3, seconds: 3 },
  full: { least: 3, most: 9, seconds: 20 },
} as const satisfies Record<string, Effort>;

/** What the measurements of every suite of works have in common. */
export const measuringNotes = [
  'Each side uses all cores in the way that is fastest for it: Phalanx by as many units in flight as there are cores, the peers by their own threads or, where that is faster, by as many threads of Python, each with one thread of OpenCV or PyTorch. One unit at a time in Phalanx is listed, not counted.',
  'Peers are in their best mode: several are measured where it is not obvious, and the one with the least median counts.',
  'By processor time: of all threads and processes of a side, per unit; what a busy machine disturbs least.',
] as const;

/** Calls `use` with a temporary folder, which is gone afterwards, also when the benchmark is stopped. */
export async function withBenchFolder<Result>(
  suite: string,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), `phalanx-bench-${suite}-`));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where Python finds the modules that the works of both suites name, and the other side of the protocol. */
const modules = ['../peers', '../data', '../inference']
  .map((name) => fileURLToPath(new URL(name, import.meta.url)))
  .join(delimiter);

/** One row. */
export async function measureWork(
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
    environment: { PYTHONPATH: modules },
  });
  try {
    const { measured, absent } = await playRounds(work.name, playersOf(work, ours, peer, threads), effort);
    const side = (wanted: Side) => measured.filter((one) => one.side === wanted);
    const [mine] = side('ours');
    if (mine === undefined) throw new Error(`${work.name}: Phalanx could not be measured`);
    const { goal, goalBytes, precision = '8-bit' } = work;
    const row = compare(work.name, precision, mine, side('peer'), {
      others: side('other'),
      absent,
      goal,
      goalBytes,
    });
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
