import { Random } from '../../core/random.ts';
import type { Person, Split } from '../dataset.ts';
import { defaultOutlierShares, outlierKinds } from './options.ts';
import type { OutlierKind, ResolvedPhantomOptions } from './options.ts';

export type Side = 'left' | 'right';

/** A person of the phantom: what the metadata table says, and what makes the pictures unusual. */
export interface PhantomPerson extends Person {
  readonly split: Split;
  readonly age: number;
  readonly sex: 'female' | 'male';
  readonly weight: number;
  readonly height: number;
  readonly outliers: readonly OutlierKind[];
  /** The person's own stream; nothing of it depends on how many other people there are in which order. */
  readonly random: Random;
}

const remarks: Readonly<Record<OutlierKind, string>> = {
  'bent-wrist': '손목 꺾임',
  'bent-finger': '손가락 굽힘',
  rotated: '손 회전',
  ring: '반지',
  'nail-art': '네일아트',
  implant: '수술용 나사',
  brightness: '밝기 이상',
};

/** The people of a dataset, in the order of their identifiers; train and test are interleaved as in the competition. */
export function phantomPeople(options: ResolvedPhantomOptions): PhantomPerson[] {
  const { people, test, seed } = options;
  const splits: Split[] = [
    ...Array.from({ length: people }, () => 'train' as const),
    ...Array.from({ length: test }, () => 'test' as const),
  ];
  return Random.from(seed, 'phantom', 'splits')
    .shuffle(splits)
    .map((split, index) => phantomPerson(options, split, `ID${String(index + 1).padStart(3, '0')}`));
}

function phantomPerson(options: ResolvedPhantomOptions, split: Split, id: string): PhantomPerson {
  const random = Random.from(options.seed, 'phantom', id);
  const body = random.derive('body');
  const sex = body.chance(0.5) ? 'female' : 'male';
  const age = Math.round(clamp(19 + 40 * body.uniform() ** 1.4 + body.normal(0, 4), 19, 69));
  const height = Math.round(clamp(sex === 'male' ? body.normal(174, 6) : body.normal(162, 5.5), 145, 195));
  const massIndex = clamp(body.normal(sex === 'male' ? 24 : 22, 2.8), 17, 34);
  const weight = Math.round(massIndex * (height / 100) ** 2);
  const outliers = drawOutliers(options, split, random.derive('outliers'));
  const base = { id, split, sex, age, height, weight, outliers, random } as const;
  return outliers.length === 0
    ? base
    : { ...base, remarks: outliers.map((kind) => remarks[kind]).join(', ') };
}

/** Which of a person's outliers this hand shows: a ring or a plate is on one hand only, and two rings are rare. */
export function outliersOf({ outliers, random }: PhantomPerson, side: Side): OutlierKind[] {
  return outliers.filter((kind) => {
    const stream = random.derive('side', kind);
    const only = stream.choice(['left', 'right'] as const);
    if (kind === 'implant') return side === only;
    if (kind === 'ring') return side === only || stream.chance(0.2);
    return true;
  });
}

function drawOutliers({ outliers }: ResolvedPhantomOptions, split: Split, random: Random): OutlierKind[] {
  if (typeof outliers !== 'number')
    return outlierKinds.filter((kind) => random.derive(kind).chance(outliers[split][kind] ?? 0));
  if (!random.chance(outliers)) return [];
  const shares = outlierKinds.map((kind) => defaultOutlierShares[split][kind] ?? 0);
  let rest = random.uniform(
    0,
    shares.reduce((sum, value) => sum + value, 0),
  );
  const index = shares.findIndex((value) => (rest -= value) < 0);
  return [outlierKinds[Math.max(0, index)]!];
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
