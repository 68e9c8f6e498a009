import { messageOf } from '../src/core/errors.ts';
import type { Contender } from './contender.ts';
import type { Absent, Measured } from './report.ts';
import { spread, turn } from './statistics.ts';

/** Whose figure counts as what. */
export type Side = 'ours' | 'peer' | 'other';

/** Who takes turns: a contender, or one way of doing the work in it. */
export interface Player {
  readonly side: Side;
  readonly contender: Pick<Contender, 'name' | 'ask'>;
}

/** How often everyone has a turn: at least so many times, and more until the time is spent. */
export interface Effort {
  readonly least: number;
  readonly most: number;
  /** For all contenders together, after warming up. */
  readonly seconds: number;
}

export interface Outcome {
  readonly measured: readonly (Measured & { readonly side: Side })[];
  readonly absent: readonly Absent[];
}

/** What is known of one that has its turns. */
interface Record {
  startPeakBytes: number;
  peakBytes: number;
  readonly samples: number[];
  readonly processorSamples: number[];
}

/**
 * Lets everyone warm up, then takes turns: what disturbs the machine for a while disturbs all of them. One computes at
 * a time. Who fails is out, with the reason.
 *
 * @param shareOf The share of the ceiling that a time is worth.
 */
export async function playRounds(
  work: string,
  players: readonly Player[],
  { least, most, seconds: allowed }: Effort,
  shareOf: (seconds: number) => number | undefined = () => undefined,
): Promise<Outcome> {
  const records = new Map<Player, Record>();
  const absent: Absent[] = [];
  const drop = (player: Player, error: unknown): void => {
    records.delete(player);
    const { name } = player.contender;
    absent.push({ name, reason: messageOf(error) });
    console.error(`  ${name} cannot: ${messageOf(error)}`);
  };
  for (const player of players) {
    try {
      const start = performance.now();
      const answer = await player.contender.ask({ do: 'prepare', work });
      const startPeakBytes = Number(answer['startPeakBytes']);
      records.set(player, { startPeakBytes, peakBytes: 0, samples: [], processorSamples: [] });
      const seconds = (performance.now() - start) / 1000;
      console.error(`  ${player.contender.name} is warm after ${seconds.toFixed(1)} s`);
    } catch (error) {
      drop(player, error);
    }
  }
  const end = performance.now() + 1000 * allowed;
  for (let round = 0; round < least || (round < most && performance.now() < end); round++) {
    for (const player of turn([...records.keys()], round)) {
      try {
        const answer = await player.contender.ask({ do: 'run', work });
        const record = records.get(player)!;
        record.samples.push(Number(answer['seconds']));
        record.peakBytes = Math.max(record.peakBytes, Number(answer['peakBytes']));
        if ('processorSeconds' in answer) record.processorSamples.push(Number(answer['processorSeconds']));
      } catch (error) {
        drop(player, error);
      }
    }
  }
  const measured = [...records].map(([{ side, contender }, record]) => {
    const { samples, processorSamples, peakBytes, startPeakBytes } = record;
    const { min, median } = spread(samples);
    const share = shareOf(median);
    return {
      side,
      name: contender.name,
      min,
      median,
      samples,
      peakBytes,
      startPeakBytes,
      ...(processorSamples.length === 0 ? {} : { processorMedian: spread(processorSamples).median }),
      ...(share === undefined ? {} : { ceilingShare: share }),
    };
  });
  return { measured, absent };
}
