import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/core/atomicFile.ts';
import type { SuiteName } from './arguments.ts';
import type { Machine } from './machine.ts';

/** One contender at one piece of work. Times in seconds. */
export interface Measured {
  readonly name: string;
  readonly min: number;
  readonly median: number;
  readonly samples: readonly number[];
  /** Largest resident memory while it worked. */
  readonly peakBytes: number;
  /** The same with starting, tracing and compiling, where it is known. */
  readonly startPeakBytes?: number;
  /** Median processor time of all its threads and processes, where it is known. */
  readonly processorMedian?: number;
  /** Of the machine's ceiling in this precision, by the median; where arithmetic is what it is all about. */
  readonly ceilingShare?: number;
}

/** One that could not be measured, and why. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

/** One piece of work on both sides. */
export interface Row {
  readonly work: string;
  readonly precision: string;
  /** Median seconds. */
  readonly ours: number;
  /** Median seconds of the peer in its best mode. */
  readonly peer: number;
  readonly peerName: string;
  readonly unit: 's';
  /** `ours / peer`; below 1 is faster. */
  readonly ratio: number;
  /** The largest ratio that Phalanx means to have, where it has a goal. */
  readonly goal?: number;
  /** The most memory that Phalanx means to take, where it has a goal. */
  readonly goalBytes?: number;
  /** The same by processor time, which a busy machine disturbs less; against the same peer. */
  readonly processorRatio?: number;
  readonly oursPeakBytes: number;
  readonly peerPeakBytes: number;
  readonly oursMin: number;
  readonly peerMin: number;
  readonly oursCeilingShare?: number;
  readonly peerCeilingShare?: number;
  readonly contenders: readonly Measured[];
  readonly absent: readonly Absent[];
}

export interface Results {
  readonly suite: SuiteName | 'inference-soak';
  readonly quick: boolean;
  readonly machine: Machine;
  readonly rows: readonly Row[];
  /** What was left out, and what a reader of the figures should know. */
  readonly notes: readonly string[];
  /** What else a suite found. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/**
 * Compares ours with the fastest of the peers by the median.
 *
 * @param rivals The peers that count; others of `contenders` are listed only.
 */
export function compare(
  work: string,
  precision: string,
  ours: Measured,
  rivals: readonly Measured[],
  {
    others = [],
    absent = [],
    goal,
    goalBytes,
  }: {
    readonly others?: readonly Measured[];
    readonly absent?: readonly Absent[];
    readonly goal?: number | undefined;
    readonly goalBytes?: number | undefined;
  },
): Row {
  const [peer] = [...rivals].sort((a, b) => a.median - b.median);
  if (peer === undefined) throw new RangeError(`${work}: there is no peer to compare with`);
  return {
    work,
    precision,
    ours: ours.median,
    peer: peer.median,
    peerName: peer.name,
    unit: 's',
    ratio: ours.median / peer.median,
    ...(goal === undefined ? {} : { goal }),
    ...(goalBytes === undefined ? {} : { goalBytes }),
    ...(ours.processorMedian === undefined || peer.processorMedian === undefined
      ? {}
      : { processorRatio: ours.processorMedian / peer.processorMedian }),
    oursPeakBytes: ours.peakBytes,
    peerPeakBytes: peer.peakBytes,
    oursMin: ours.min,
    peerMin: peer.min,
    ...(ours.ceilingShare === undefined ? {} : { oursCeilingShare: ours.ceilingShare }),
    ...(peer.ceilingShare === undefined ? {} : { peerCeilingShare: peer.ceilingShare }),
    contenders: [ours, ...rivals, ...others],
    absent,
  };
}

/** A table with a line per row, one with every contender, the notes and the machine. */
export function markdown({ suite, quick, machine, rows, notes, facts }: Results): string {
  const { processor, cores, memoryBytes, instructions, versions } = machine;
  const sections = [
    `# Benchmark: ${suite}${quick ? ', quick' : ''}`,
    `${processor}, ${cores} cores, ${gigabytes(memoryBytes)}, ${instructions.join(' ')}. ${Object.entries(
      versions,
    )
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    ...(rows.length === 0
      ? []
      : [
          rowTable(rows),
          'Every contender, in seconds:',
          table(
            ['work', 'precision', 'contender', 'median', 'least', 'times', 'memory'],
            rows.flatMap(({ work, precision, contenders, absent }) => [
              ...contenders.map((one) => [
                work,
                precision,
                one.name,
                seconds(one.median),
                seconds(one.min),
                String(one.samples.length),
                gigabytes(one.peakBytes),
              ]),
              ...absent.map(({ name, reason }) => [work, precision, name, reason, '–', '0', '–']),
            ]),
          ),
        ]),
    notes.map((note) => `- ${note}`).join('\n'),
  ];
  if (Object.keys(facts).length > 0) {
    sections.push(`\`\`\`json\n${JSON.stringify(facts, null, 2)}\n\`\`\``);
  }
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/** @throws PhalanxError `file/write` */
export async function writeResults(results: Results, folder = resultsFolder): Promise<string> {
  const name = `${results.suite}${results.quick ? '-quick' : ''}-${results.machine.kind}`;
  await writeFileAtomic(join(folder, `${name}.json`), `${JSON.stringify(results, null, 2)}\n`);
  const path = join(folder, `${name}.md`);
  await writeFileAtomic(path, markdown(results));
  return path;
}

/** Columns that no row fills are left out. */
function rowTable(rows: readonly Row[]): string {
  const columns: [head: string, cell: (row: Row) => string][] = [
    ['work', (row) => row.work],
    ['precision', (row) => row.precision],
    ['Phalanx', (row) => seconds(row.ours)],
    ['peer', (row) => seconds(row.peer)],
    ['peer is', (row) => row.peerName],
    ['ratio', (row) => times(row.ratio)],
  ];
  if (rows.some(({ goal }) => goal !== undefined)) columns.push(['goal', goalText]);
  if (rows.some(({ processorRatio }) => processorRatio !== undefined)) {
    columns.push(['by processor time', (row) => times(row.processorRatio)]);
  }
  if (rows.some(({ oursCeilingShare }) => oursCeilingShare !== undefined)) {
    columns.push([
      'of ceiling',
      ({ oursCeilingShare: ours, peerCeilingShare: peer }) => `${percent(ours)}, peer ${percent(peer)}`,
    ]);
  }
  columns.push(['memory', memoryText], ['peer’s memory', (row) => gigabytes(row.peerPeakBytes)]);
  return table(
    columns.map(([head]) => head),
    rows.map((row) => columns.map(([, cell]) => cell(row))),
  );
}

function goalText({ goal, ratio }: Row): string {
  return goal === undefined ? '–' : `≤ ${times(goal)}, ${ratio <= goal ? 'met' : 'missed'}`;
}

function memoryText({ goalBytes, oursPeakBytes }: Row): string {
  const bytes = gigabytes(oursPeakBytes);
  if (goalBytes === undefined) return bytes;
  return `${bytes} (≤ ${gigabytes(goalBytes)}, ${oursPeakBytes <= goalBytes ? 'met' : 'missed'})`;
}

function times(ratio: number | undefined): string {
  if (ratio === undefined) return '–';
  return `${ratio < 0.1 ? Number(ratio.toPrecision(2)) : ratio.toFixed(2)}×`;
}

/** Where results are kept, committed. */
export const resultsFolder = fileURLToPath(new URL('results', import.meta.url));

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n');
}

function seconds(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${(100 * share).toFixed(0)} %`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
