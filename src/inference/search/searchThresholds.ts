import type { SampleEntry } from '../../data/dataset.ts';
import { crossValidate } from './crossValidate.ts';
import type { Finding } from './decisions.ts';
import { thresholdRange } from './evidence.ts';
import type { Evidence } from './evidence.ts';
import { mean } from './gain.ts';
import type { Dealt } from './people.ts';
import { findingOf } from './searchWeights.ts';

const neutral = 0.5;

/** Hundredths, between the limits of what the evidence knows. */
const candidates = Array.from(
  { length: Math.round(100 * (thresholdRange[1] - thresholdRange[0])) + 1 },
  (_, i) => Math.round(100 * thresholdRange[0] + i) / 100,
);

export interface FoundThreshold {
  readonly threshold: number;
  readonly finding: Finding;
}

/**
 * The threshold of a class: the best of all hundredths from 0.1 to 0.9, where it holds its gain over 0.5.
 *
 * @param shares of the members.
 */
export async function searchThreshold(
  c: number,
  shares: readonly number[],
  evidence: Evidence,
  dealt: Dealt,
  entries: readonly SampleEntry[],
): Promise<FoundThreshold> {
  const [dice] = await evidence.dice(c, [shares], candidates);
  const at = candidates.indexOf(neutral);
  const choose = (images: readonly number[]): number => {
    const means = candidates.map((_, k) => mean(images.map((image) => dice![image]![k]!)));
    return candidates.reduce((best, _, k) => (means[k]! > means[best]! ? k : best), at);
  };
  const differences = (k: number, images: readonly number[]): number[] =>
    images.map((image) => dice![image]![k]! - dice![image]![at]!);
  const validated = await crossValidate(choose, differences, dealt, entries);
  const best = candidates[validated.choice]!;
  const finding = findingOf('threshold', best.toFixed(2), validated);
  return { threshold: finding.kept ? best : neutral, finding };
}
