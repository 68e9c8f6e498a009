import { PhalanxError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import type { Dataset, Person, SampleEntry } from './dataset.ts';

/** What every fold shall have its share of. */
export type Stratification = 'sex' | 'none';

export interface FoldOptions {
  /** Number of folds, at least 2. */
  readonly count: number;
  readonly seed: number;
  readonly stratify: Stratification;
}

/** A partition of the annotated training images by person. */
export interface Folds {
  readonly count: number;
  /** The fold in which each person is validated. */
  readonly foldOf: ReadonlyMap<string, number>;
  /** The annotated training images, in the dataset's order; those made from others name their parents. */
  readonly entries: readonly SampleEntry[];
}

/** The two sides of one fold; no person is on both. */
export interface FoldSplit {
  readonly train: readonly SampleEntry[];
  readonly validation: readonly SampleEntry[];
}

/**
 * Deals the persons of the annotated training images into folds, so that folds differ by at most one person, and by at
 * most one person of each stratum (each sex, and those of unknown sex). The same persons and seed give the same folds,
 * whatever the order of the images. Images made from others take no part in the dealing.
 *
 * @throws PhalanxError `folds/count` when there are fewer than two folds or fewer persons than folds.
 */
export function makeFolds(dataset: Dataset, { count, seed, stratify }: FoldOptions): Folds {
  const entries = dataset.entries.train.filter(({ annotationPath }) => annotationPath !== undefined);
  const originals = entries.filter(({ parents }) => parents === undefined);
  const persons = [...new Set(originals.map(({ person }) => person))].sort();
  if (!Number.isInteger(count) || count < 2 || count > persons.length) {
    throw new PhalanxError('folds/count', {
      what: 'The folds would leave one side without persons',
      where: dataset.root,
      expected: `from 2 folds to as many as there are persons with annotated training images, ${persons.length}`,
      received: `${count} folds`,
      fix: 'Choose another number of folds or add persons',
    });
  }
  const foldOf = new Map<string, number>();
  // Each stratum goes on dealing where the one before it stopped, so that the remainders do not pile up.
  for (const person of stratified(persons, dataset.persons, stratify, seed)) {
    foldOf.set(person, foldOf.size % count);
  }
  return { count, foldOf, entries };
}

/** Persons stratum by stratum, shuffled within each. */
function stratified(
  ids: readonly string[],
  persons: ReadonlyMap<string, Person>,
  stratify: Stratification,
  seed: number,
): string[] {
  const strata = new Map<string, string[]>();
  for (const id of ids) {
    const stratum = stratify === 'sex' ? (persons.get(id)?.sex ?? 'unknown') : 'all';
    const members = strata.get(stratum);
    if (members === undefined) strata.set(stratum, [id]);
    else members.push(id);
  }
  return [...strata.keys()]
    .sort()
    .flatMap((stratum) => Random.from(seed, 'folds', stratum).shuffle(strata.get(stratum) ?? []));
}

/**
 * The training and validation images of fold `index`. An image that was made from others is in training if all its
 * parents are, and otherwise nowhere.
 *
 * @param index from 0 to `folds.count - 1`.
 * @throws PhalanxError `folds/index`.
 */
export function foldSplit(folds: Folds, index: number): FoldSplit {
  if (!Number.isInteger(index) || index < 0 || index >= folds.count) {
    throw new PhalanxError('folds/index', {
      what: 'There is no such fold',
      expected: `a fold from 0 to ${folds.count - 1}`,
      received: `${index}`,
    });
  }
  const originals = folds.entries.filter(({ parents }) => parents === undefined);
  const isValidation = ({ person }: SampleEntry): boolean => folds.foldOf.get(person) === index;
  const trainIds = new Set(originals.filter((entry) => !isValidation(entry)).map(({ id }) => id));
  return {
    train: folds.entries.filter(({ id, parents }) =>
      (parents ?? [id]).every((origin) => trainIds.has(origin)),
    ),
    validation: originals.filter(isValidation),
  };
}
