import type { PhantomPerson } from '../person.ts';
import type { Point } from './geometry.ts';
import { fingers } from './longBones.ts';
import { carpals, forearm } from './wrist.ts';
import type { CarpalName, ForearmName } from './wrist.ts';

/** A person's proportions, the same for both hands. */
export interface Build {
  /** Size relative to an adult man of 175 cm. */
  readonly scale: number;
  /** Breadth of bones relative to their length, about 1. */
  readonly breadth: number;
  /** Factor of each finger's length, from the thumb. */
  readonly fingerLengths: readonly number[];
  /** Factors across and along the hand of each bone of the wrist and forearm. */
  readonly carpals: Readonly<Record<CarpalName | ForearmName, Point>>;
  /** Thickness of soft tissue relative to a slim person's, about 1. */
  readonly flesh: number;
  /** Density of bone relative to a young adult's, about 1. */
  readonly density: number;
}

export function bodyBuild({ random, sex, age, height, weight }: PhantomPerson): Build {
  const stream = random.derive('build');
  const female = sex === 'female';
  const scale = (height / 175) * (female ? 0.975 : 1) * (1 + stream.normal(0, 0.018));
  const massIndex = weight / (height / 100) ** 2;
  const stretch = (): Point => [1 + stream.normal(0, 0.035), 1 + stream.normal(0, 0.035)];
  const names = [...Object.keys(carpals), ...Object.keys(forearm)] as (CarpalName | ForearmName)[];
  return {
    scale,
    breadth: (female ? 0.955 : 1.01) * (1 + stream.normal(0, 0.022)),
    fingerLengths: fingers.map(() => 1 + stream.normal(0, 0.02)),
    carpals: Object.fromEntries(names.map((name) => [name, stretch()])) as Build['carpals'],
    flesh: 1 + (massIndex - 22) * 0.02 + stream.normal(0, 0.03),
    density: (female ? 0.96 : 1.02) * (1 - Math.max(0, age - 45) * 0.006) * (1 + stream.normal(0, 0.05)),
  };
}
