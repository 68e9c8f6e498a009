import type { Random } from '../../core/random.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import type { Sample, SampleEntry } from '../dataset.ts';

/** A sample that may be blended of two: then both labels count, each with its share of the pixels' values. */
export interface MixedSample extends Sample {
  readonly blended?: {
    /** Of the second sample, equal in size to `labels`. */
    readonly labels: LabelMap;
    /** Of the second sample in the image's values, in [0, 1]; `labels` has the rest. */
    readonly share: number;
  };
}

/**
 * Another sample of the same training images, of another person where there is one, transformed as any is. Which, and
 * how transformed, depends on `random` alone. Its memory is taken back after mixing.
 */
export type DrawPartner = (random: Random) => Promise<Sample>;

/** Makes one sample of several. */
export interface SampleMixer {
  /** Whether samples may come out blended; then all batches have room for second labels. */
  readonly blends: boolean;
  /** May return what it was given, but keeps nothing of it. All its randomness comes from `random`. */
  mix(sample: Sample, random: Random, partner: DrawPartner): Promise<MixedSample>;
}

/** One of the entries, of another person than `entry` if there is another. */
export function drawPartner(
  entries: readonly SampleEntry[],
  entry: SampleEntry,
  random: Random,
): SampleEntry {
  const strangers = entries.filter(({ person }) => person !== entry.person);
  return random.choice(strangers.length === 0 ? entries : strangers);
}
