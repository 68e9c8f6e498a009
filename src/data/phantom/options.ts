import { PhalanxError } from '../../core/errors.ts';

/** What makes a person's pictures unusual; the competition's data has all of them. */
export const outlierKinds = [
  'bent-wrist',
  'bent-finger',
  'rotated',
  'ring',
  'nail-art',
  'implant',
  'brightness',
] as const;

export type OutlierKind = (typeof outlierKinds)[number];

/** Probability, 0 to 1, that a person carries each kind, independently of the other kinds; missing means 0. */
export type OutlierShares = Readonly<Partial<Record<OutlierKind, number>>>;

/**
 * Shares used when none are given, near the competition's: its bent wrists are about 12 % of the people to train on
 * and 60 % of those to test on.
 */
export const defaultOutlierShares: Readonly<Record<'train' | 'test', OutlierShares>> = {
  train: {
    'bent-wrist': 0.12,
    'bent-finger': 0.05,
    rotated: 0.04,
    ring: 0.05,
    'nail-art': 0.05,
    implant: 0.03,
    brightness: 0.05,
  },
  test: {
    'bent-wrist': 0.6,
    'bent-finger': 0.05,
    rotated: 0.04,
    ring: 0.05,
    'nail-art': 0.05,
    implant: 0.03,
    brightness: 0.05,
  },
};

export interface PhantomOptions {
  /** Number of people in `train/`, each with two images. */
  readonly people: number;
  /** Number of people in `test/`, each with two images. */
  readonly test: number;
  /** Side of the square images in pixels, 64 to 4096; the competition's is 2048. */
  readonly size?: number;
  /** The same seed (and options) gives the same pixels and polygons on every machine. */
  readonly seed?: number;
  /**
   * A number is the share of people, in train and test alike, with exactly one outlier of a random kind; shares per
   * kind are independent chances. Default: `defaultOutlierShares`.
   */
  readonly outliers?: number | Readonly<Record<'train' | 'test', OutlierShares>>;
}

export type ResolvedPhantomOptions = Required<PhantomOptions>;

/** @throws PhalanxError `phantom/options` naming the option that is out of range. */
export function resolvePhantomOptions(options: PhantomOptions): ResolvedPhantomOptions {
  const { people, test, size = 2048, seed = 0, outliers = defaultOutlierShares } = options;
  whole('people', people, 0, 100_000);
  whole('test', test, 0, 100_000);
  if (people + test === 0) throw wrong('people', 'at least one person in train or test', 'none');
  whole('size', size, 64, 4096);
  whole('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  if (typeof outliers === 'number') share('outliers', outliers);
  else
    for (const [split, shares] of Object.entries(outliers))
      for (const [kind, value] of Object.entries(shares)) share(`outliers.${split}.${kind}`, value);
  return { people, test, size, seed, outliers };
}

function whole(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw wrong(name, `a whole number from ${low} to ${high}`, String(value));
}

function share(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw wrong(name, 'a share from 0 to 1', String(value));
}

function wrong(name: string, expected: string, received: string): PhalanxError {
  return new PhalanxError('phantom/options', {
    what: 'A phantom option is out of range',
    where: name,
    expected,
    received,
  });
}
