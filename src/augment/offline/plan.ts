import { createHash } from 'node:crypto';
import { PhalanxError } from '../../core/errors.ts';
import { Random } from '../../core/random.ts';
import type { SampleEntry } from '../../data/dataset.ts';
import type { ChildRecord, OfflineSettings } from './options.ts';

/** An image to be made: which it will be made from is known before any pixel is read. */
export interface PlannedChild {
  readonly kind: ChildRecord['kind'];
  /** Base name without extension, also the name of its person's folder. */
  readonly name: string;
  /** For a mosaic: top left, top right, bottom left, bottom right. For a rotation: candidates, the first upright one is turned. */
  readonly parents: readonly SampleEntry[];
  /** Everything random about the image comes from this stream. */
  readonly random: Random;
}

export interface OfflinePlan {
  /** Changes with anything that the images depend on. */
  readonly key: string;
  readonly children: readonly PlannedChild[];
}

/** Rotation looks at this many images for an upright hand. */
const candidates = 8;

/**
 * Chooses the parents of every image. A mosaic's parents are of one group and, as far as the group allows, of
 * different persons.
 *
 * @throws PhalanxError `offline/too-few` when no group has two images to mix.
 */
export function planOffline(
  entries: readonly SampleEntry[],
  groupOf: (entry: SampleEntry) => string | number,
  settings: OfflineSettings,
): OfflinePlan {
  const originals = entries.filter(({ parents }) => parents === undefined);
  const groups = new Map<string | number, SampleEntry[]>();
  for (const entry of originals) {
    const group = groupOf(entry);
    groups.set(group, [...(groups.get(group) ?? []), entry]);
  }
  const mixable = [...groups.values()].filter((members) => members.length >= 2);
  if (settings.mosaic.count > 0 && mixable.length === 0) {
    throw tooFew('A mosaic needs at least two annotated training images of one fold', originals.length);
  }
  if (settings.rotation.count > 0 && originals.length === 0) {
    throw tooFew('There is no annotated training image to rotate', 0);
  }
  const streams = (kind: ChildRecord['kind'], count: number) =>
    Array.from({ length: count }, (_, index) => ({
      kind,
      name: `${kind}-${String(index + 1).padStart(6, '0')}`,
      random: Random.from(settings.seed, 'offline', kind, index),
    }));
  const weights = mixable.map((members) => members.length);
  const mosaics = streams('mosaic', settings.mosaic.count).map((child): PlannedChild => {
    const draw = child.random.derive('parents');
    const group = mixable[weightedIndex(weights, draw)]!;
    return { ...child, parents: fourOf(group, draw) };
  });
  const rotations = streams('rotation', settings.rotation.count).map((child): PlannedChild => {
    const draw = child.random.derive('parents');
    return { ...child, parents: Array.from({ length: candidates }, () => draw.choice(originals)) };
  });
  const described = originals.map((entry) => [entry.id, String(groupOf(entry))]);
  const key = createHash('sha256')
    .update(JSON.stringify({ version: 1, settings, described }))
    .digest('hex');
  return { key, children: [...mosaics, ...rotations] };
}

function weightedIndex(weights: readonly number[], random: Random): number {
  let rest = random.integer(
    0,
    weights.reduce((sum, weight) => sum + weight, 0),
  );
  return weights.findIndex((weight) => (rest -= weight) < 0);
}

function fourOf(group: readonly SampleEntry[], random: Random): SampleEntry[] {
  const shuffled = random.shuffle(group);
  const persons = new Set<string>();
  const distinct = shuffled.filter(({ person }) => !persons.has(person) && persons.add(person));
  const pool = [...distinct, ...shuffled.filter((entry) => !distinct.includes(entry))];
  return Array.from({ length: 4 }, (_, i) => pool[i % pool.length]!);
}

function tooFew(what: string, received: number): PhalanxError {
  return new PhalanxError('offline/too-few', {
    what,
    received: `${received} usable images`,
    fix: 'Use more of the training images, or fewer folds',
  });
}
