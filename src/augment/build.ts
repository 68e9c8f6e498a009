import type { Random } from '../core/random.ts';
import type { Sample } from '../data/dataset.ts';
import { release } from '../pixels/memory.ts';
import type { TransformDefinition } from './definition.ts';
import { registry } from './registry.ts';
import type { ResolvedTransform, TransformSpec } from './spec.ts';
import { parseTransform } from './spec.ts';

/** Transforms a sample; every random choice comes from the stream, in an order that depends on the stream alone. */
export type Transform = (sample: Sample, random: Random) => Promise<Sample>;

/**
 * Turns a transform written as data into a function.
 *
 * @throws PhalanxError `augment/invalid` when the data is not a valid transform.
 */
export function buildTransform(spec: TransformSpec): Transform {
  const resolved = parseTransform(spec);
  return (sample, random) => run(resolved, sample, random, false);
}

/** `always` applies the transform whatever its `p`: a OneOf has already drawn it (albumentations' `force_apply`). */
async function run(
  transform: ResolvedTransform,
  sample: Sample,
  random: Random,
  always: boolean,
): Promise<Sample> {
  switch (transform.name) {
    case 'Compose':
    case 'Sequential':
      if (!always && !random.chance(transform.p)) return sample;
      return runAll(transform.transforms, sample, random);
    case 'OneOf':
      if (!always && !random.chance(transform.p)) return sample;
      return run(chooseByWeight(transform.transforms, random), sample, random, true);
    case 'SomeOf': {
      if (!random.chance(transform.p)) return sample;
      const chosen = chooseSome(transform.transforms.length, transform.n, transform.replace, random);
      return runAll(
        chosen.map((index) => transform.transforms[index]!),
        sample,
        random,
      );
    }
    default: {
      if (!always && !random.chance(transform.p)) return sample;
      const definition = registry[transform.name] as unknown as TransformDefinition;
      return definition.apply(sample, transform, random);
    }
  }
}

async function runAll(
  transforms: readonly ResolvedTransform[],
  sample: Sample,
  random: Random,
): Promise<Sample> {
  let current = sample;
  for (const transform of transforms) {
    const next = await run(transform, current, random, false);
    // What lies between the given sample and the result is seen by nobody else.
    if (next !== current) release(arraysOf(current), [...arraysOf(next), ...arraysOf(sample)]);
    current = next;
  }
  return current;
}

function arraysOf({ image, labels }: Sample): (Uint8Array | Uint32Array)[] {
  return [image.data, ...labels.planes];
}

function chooseByWeight(transforms: readonly ResolvedTransform[], random: Random): ResolvedTransform {
  const total = transforms.reduce((sum, { p }) => sum + p, 0);
  let rest = random.uniform(0, total);
  const candidates = transforms.filter(({ p }) => p > 0);
  for (const transform of candidates) {
    rest -= transform.p;
    if (rest < 0) return transform;
  }
  return candidates.at(-1)!;
}

function chooseSome(count: number, n: number, replace: boolean, random: Random): number[] {
  const chosen = replace
    ? Array.from({ length: n }, () => random.integer(0, count))
    : random.shuffle(Array.from({ length: count }, (_, i) => i)).slice(0, n);
  return chosen.sort((a, b) => a - b);
}
