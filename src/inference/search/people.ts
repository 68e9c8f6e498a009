import { PhalanxError } from '../../core/errors.ts';
import { Random } from '../../core/random.ts';
import type { SampleEntry } from '../../data/dataset.ts';

export interface DealOptions {
  /** Share of the people that the search never sees; 0 for none. */
  readonly heldOut: number;
  /** Parts of the other people, for cross-validation; at least 2. */
  readonly parts: number;
  readonly seed: number;
}

/** Indices of entries; a person's images are never apart. */
export interface Dealt {
  readonly heldOut: readonly number[];
  readonly search: readonly number[];
  /** Of `search`. */
  readonly parts: readonly (readonly number[])[];
}

/** @throws PhalanxError `search/too-few` with fewer people to search on than parts. */
export function dealPeople(
  entries: readonly Pick<SampleEntry, 'person'>[],
  { heldOut, parts, seed }: DealOptions,
): Dealt {
  const people = [...new Set(entries.map(({ person }) => person))].sort();
  const order = Random.from(seed, 'search-parts').shuffle(people);
  const apart = heldOut === 0 ? 0 : Math.max(1, Math.round(heldOut * people.length));
  if (people.length - apart < parts) {
    throw new PhalanxError('search/too-few', {
      what: 'What is found could not be cross-validated',
      expected: `at least ${parts} people to search on, beside ${apart} held out`,
      received: `${people.length} people in all`,
      fix: 'Predict more validation images, for example those of another fold, or ask for fewer parts',
    });
  }
  const partOf = new Map(order.map((person, i) => [person, i < apart ? -1 : (i - apart) % parts]));
  const indicesOf = (part: number): number[] =>
    entries.flatMap(({ person }, i) => (partOf.get(person) === part ? [i] : []));
  const dealt = Array.from({ length: parts }, (_, part) => indicesOf(part));
  return { heldOut: indicesOf(-1), search: dealt.flat().sort((a, b) => a - b), parts: dealt };
}
