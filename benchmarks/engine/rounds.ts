import { messageOf } from '../../src/core/errors.ts';
import type { Absent, Measured } from '../report.ts';
import { spread, turn } from '../statistics.ts';
import type { Contestant, Side } from './contestants.ts';
import type { Work } from './works.ts';

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

/**
 * Lets everyone warm up, then takes turns: what disturbs the machine for a while disturbs all of them. One computes at
 * a time. Who fails is out, with the reason.
 *
 * @param shareOf The share of the ceiling that a time is worth.
 */
export async function playRounds(
  work: Work,
  contestants: readonly Contestant[],
  { least, most, seconds: allowed }: Effort,
  shareOf: (seconds: number) => number | undefined,
): Promise<Outcome> {
  const samples = new Map<Contestant, number[]>();
  const peaks = new Map<Contestant, number>();
  const startPeaks = new Map<Contestant, number>();
  const absent: Absent[] = [];
  const drop = (contestant: Contestant, error: unknown): void => {
    samples.delete(contestant);
    const { name } = contestant.contender;
    absent.push({ name, reason: messageOf(error) });
    console.error(`  ${name} cannot: ${messageOf(error)}`);
  };
  for (const contestant of contestants) {
    try {
      const start = performance.now();
      const answer = await contestant.contender.ask({ do: 'prepare', work });
      startPeaks.set(contestant, Number(answer['startPeakBytes']));
      samples.set(contestant, []);
      const seconds = (performance.now() - start) / 1000;
      console.error(`  ${contestant.contender.name} is warm after ${seconds.toFixed(1)} s`);
    } catch (error) {
      drop(contestant, error);
    }
  }
  const end = performance.now() + 1000 * allowed;
  for (let round = 0; round < least || (round < most && performance.now() < end); round++) {
    for (const contestant of turn([...samples.keys()], round)) {
      try {
        const answer = await contestant.contender.ask({ do: 'run', work });
        samples.get(contestant)!.push(Number(answer['seconds']));
        peaks.set(contestant, Number(answer['peakBytes']));
      } catch (error) {
        drop(contestant, error);
      }
    }
  }
  const measured = [...samples].map(([contestant, taken]) => {
    const { min, median } = spread(taken);
    const share = shareOf(median);
    return {
      side: contestant.side,
      name: contestant.contender.name,
      min,
      median,
      samples: taken,
      peakBytes: peaks.get(contestant)!,
      startPeakBytes: startPeaks.get(contestant)!,
      ...(share === undefined ? {} : { ceilingShare: share }),
    };
  });
  return { measured, absent };
}
