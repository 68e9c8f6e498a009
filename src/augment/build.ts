import type { Random } from '../core/random.ts';
import type { Sample } from '../data/dataset.ts';
import { withUnknown } from '../labels/labelMap.ts';
import { Chain } from './chain.ts';
import type { Follow } from './chain.ts';
import { requireChannels } from './channels.ts';
import { chooseByWeight } from './chooseByWeight.ts';
import type { TransformDefinition } from './definition.ts';
import { canMakeUnknown } from './fillMask.ts';
import { registry } from './registry.ts';
import type { ResolvedTransform, TransformSpec } from './spec.ts';
import { parseTransform } from './spec.ts';

/** Transforms a sample; every random choice comes from the stream, in an order that depends on the stream alone. */
export type Transform = (sample: Sample, random: Random) => Promise<Sample>;

/**
 * Turns a transform written as data into a function. Consecutive geometric transforms are done in one pass, unless a
 * composition says `fuse: false`.
 *
 * @throws PhalanxError `augment/invalid` when the data is not a valid transform; the function, `augment/channels` for a
 *   sample of channels that a transform does not take.
 */
export function buildTransform(spec: TransformSpec): Transform {
  const resolved = parseTransform(spec);
  return (sample, random) => transformWith(resolved, sample, random);
}

/** Transforms a sample; `follow` is told where pixels go. */
export async function transformWith(
  resolved: ResolvedTransform,
  given: Sample,
  random: Random,
  follow?: Follow,
): Promise<Sample> {
  const sample = canMakeUnknown([resolved]) ? { ...given, labels: withUnknown(given.labels) } : given;
  const chain = new Chain(sample, follow);
  await run(resolved, chain, random, { always: false, fuse: true });
  return chain.sample();
}

interface Mode {
  /** Apply whatever the `p`: a OneOf has already drawn it (albumentations' `force_apply`). */
  readonly always: boolean;
  /** Leave pixels where they are until a transform needs to see them. */
  readonly fuse: boolean;
}

async function run(
  transform: ResolvedTransform,
  chain: Chain,
  random: Random,
  { always, fuse }: Mode,
): Promise<void> {
  switch (transform.name) {
    case 'Compose':
    case 'Sequential':
      if (!always && !random.chance(transform.p)) return;
      // What came before is not to be done together with what shall not be fused.
      if (!transform.fuse) await chain.sample();
      return runAll(transform.transforms, chain, random, fuse && transform.fuse);
    case 'OneOf':
      if (!always && !random.chance(transform.p)) return;
      return run(chooseByWeight(transform.transforms, random), chain, random, { always: true, fuse });
    case 'SomeOf': {
      if (!random.chance(transform.p)) return;
      const chosen = chooseSome(transform.transforms.length, transform.n, transform.replace, random);
      const transforms = chosen.map((index) => transform.transforms[index]!);
      return runAll(transforms, chain, random, fuse);
    }
    default: {
      if (!always && !random.chance(transform.p)) return;
      requireChannels(transform, chain.channels);
      const { effect } = registry[transform.name] as unknown as TransformDefinition;
      if (effect.kind === 'geometry' || effect.kind === 'content') {
        chain.add(
          effect.kind === 'geometry'
            ? await effect.move(chain.size, transform, random)
            : effect.moveIn(await chain.sample(), transform, random),
        );
        if (!fuse) await chain.sample();
      } else {
        chain.replace(await effect.apply(await chain.sample(), transform, random));
      }
    }
  }
}

async function runAll(
  transforms: readonly ResolvedTransform[],
  chain: Chain,
  random: Random,
  fuse: boolean,
): Promise<void> {
  for (const transform of transforms) await run(transform, chain, random, { always: false, fuse });
}

function chooseSome(count: number, n: number, replace: boolean, random: Random): number[] {
  const chosen = replace
    ? Array.from({ length: n }, () => random.integer(0, count))
    : random.shuffle(Array.from({ length: count }, (_, i) => i)).slice(0, n);
  return chosen.sort((a, b) => a - b);
}
