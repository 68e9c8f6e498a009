import type { Random } from '../../core/random.ts';
import type { Sample } from '../../data/dataset.ts';
import { identity, warpSample } from '../affine.ts';

export interface Rotation {
  readonly sample: Sample;
  readonly parameters: {
    /** Degrees, counter-clockwise as seen. */
    readonly angle: number;
  };
}

/** Turns a sample to a random side by a random angle from the range, degrees; the corners become black. */
export async function makeRotation(
  sample: Sample,
  [smallest, largest]: readonly [number, number],
  random: Random,
): Promise<Rotation> {
  const side = random.chance(0.5) ? 1 : -1;
  const angle = side * random.uniform(smallest, largest);
  const options = { interpolation: 'linear', borderMode: 'constant', fill: 0, fillMask: 0 } as const;
  return { sample: await warpSample(sample, { ...identity, rotate: angle }, options), parameters: { angle } };
}
