import { createHash } from 'node:crypto';
import { PhalanxError } from '../../core/errors.ts';
import { Random } from '../../core/random.ts';
import type { SampleEntry } from '../../data/dataset.ts';
import type { ResolvedTransform } from '../spec.ts';
import { variantName } from './options.ts';
import type { OfflineSettings } from './options.ts';

/** How an image is made: one of the ways of mixing, or a transform. */
export type Recipe = 'mosaic' | 'rotation' | 'ricap' | 'copyPaste' | ResolvedTransform;

/** An image to be made: which it will be made from is known before any pixel is read. */
export interface PlannedChild {
  /** The recipe's name, or that of the variant. */
  readonly kind: string;
  readonly recipe: Recipe;
  /** Base name without extension, also the name of its person's folder. */
  readonly name: string;
  /**
   * All of one group. Mosaic and RICAP: top left, top right, bottom left, bottom right. Copy-paste: what is pasted onto,
   * what is pasted. Rotation: candidates, each alone, of which the first upright one is turned.
   */
  readonly parents: readonly SampleEntry[];
  /** Everything random about the image comes from this stream. */
  readonly random: Random;
}

export interface OfflinePlan {
  /** Changes with anything that the images depend on. */
  readonly key: string;
  readonly children: readonly PlannedChild[];
}

/** Raised whenever the same settings and images would give other pixels. */
const planVersion = 2;

/** Rotation looks at this many images for an upright hand. */
const candidates = 8;

type Group = readonly SampleEntry[];

/**
 * Chooses the parents of every image. Those that are mixed are of one group and, as far as the group allows, of
 * different persons.
 *
 * @throws PhalanxError `offline/too-few` when no group has the images to mix.
 */
export function planOffline(
  entries: readonly SampleEntry[],
  groupOf: (entry: SampleEntry) => string | number,
  settings: OfflineSettings,
): OfflinePlan {
  const originals = entries.filter(({ parents }) => parents === undefined);
  const byGroup = new Map<string | number, SampleEntry[]>();
  for (const entry of originals) {
    const group = groupOf(entry);
    const members = byGroup.get(group);
    if (members === undefined) byGroup.set(group, [entry]);
    else members.push(entry);
  }
  const groups: readonly Group[] = [...byGroup.values()];
  const { mosaic, rotation, ricap, copyPaste, variants, seed } = settings;
  const alone = 'There is no annotated training image to make others of';
  const pair = 'Mixing needs at least two annotated training images of one fold';
  const strangers = 'Copy-paste needs annotated training images of at least two people of one fold';

  const plan = (
    recipe: Recipe,
    kind: string,
    { count }: { readonly count: number },
    parentsOf: (draw: Random, index: number) => Group,
  ): PlannedChild[] =>
    Array.from({ length: count }, (_, index) => {
      const random = Random.from(seed, 'offline', kind, index);
      const name = `${kind}-${String(index + 1).padStart(6, '0')}`;
      return { kind, recipe, name, parents: parentsOf(random.derive('parents'), index), random };
    });
  const groupDraw = (isFit: (group: Group) => boolean, otherwise: string) => {
    const fit = groups.filter(isFit);
    return (draw: Random): Group => {
      if (fit.length === 0) throw tooFew(otherwise, originals.length);
      return fit[weightedIndex(fit, draw)]!;
    };
  };
  const anyPair = groupDraw((group) => group.length >= 2, pair);
  const anyStrangers = groupDraw((group) => personsOf(group) >= 2, strangers);
  if (originals.length === 0 && [rotation, ...variants].some(({ count }) => count > 0)) {
    throw tooFew(alone, 0);
  }

  const children = [
    ...plan('mosaic', 'mosaic', mosaic, (draw) => fourOf(anyPair(draw), draw)),
    ...plan('rotation', 'rotation', rotation, (draw) =>
      Array.from({ length: candidates }, () => draw.choice(originals)),
    ),
    ...plan('ricap', 'ricap', ricap, (draw) => fourOf(anyPair(draw), draw)),
    ...plan('copyPaste', 'copyPaste', copyPaste, (draw) => twoOf(anyStrangers(draw), draw)),
    ...variants.flatMap((variant) => {
      const kind = variantName(variant);
      // Every image once before one comes twice.
      const order = Random.from(seed, 'offline', kind, 'order').shuffle(originals);
      return plan(variant.transform, kind, variant, (_, index) => [order[index % order.length]!]);
    }),
  ];
  const described = originals.map((entry) => [entry.id, String(groupOf(entry))]);
  const key = createHash('sha256')
    .update(JSON.stringify({ version: planVersion, settings, described }))
    .digest('hex');
  return { key, children };
}

/** An index in proportion to the groups' sizes. */
function weightedIndex(groups: readonly Group[], random: Random): number {
  let rest = random.integer(
    0,
    groups.reduce((sum, { length }) => sum + length, 0),
  );
  return groups.findIndex(({ length }) => (rest -= length) < 0);
}

function personsOf(group: Group): number {
  return new Set(group.map(({ person }) => person)).size;
}

function fourOf(group: Group, random: Random): SampleEntry[] {
  const shuffled = random.shuffle(group);
  const persons = new Set<string>();
  const distinct = shuffled.filter(({ person }) => !persons.has(person) && persons.add(person));
  const chosen = new Set(distinct);
  const pool = [...distinct, ...shuffled.filter((entry) => !chosen.has(entry))];
  return Array.from({ length: 4 }, (_, i) => pool[i % pool.length]!);
}

/** An image, and one of another person. */
function twoOf(group: Group, random: Random): SampleEntry[] {
  const onto = random.choice(group);
  return [onto, random.choice(group.filter(({ person }) => person !== onto.person))];
}

function tooFew(what: string, received: number): PhalanxError {
  return new PhalanxError('offline/too-few', {
    what,
    received: `${received} usable images`,
    fix: 'Use more of the training images, or fewer folds',
  });
}
