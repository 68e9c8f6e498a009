import { PhalanxError } from '../core/errors.ts';
import type { Dataset, SampleEntry } from './dataset.ts';

/** Where an entry comes from that belongs to the dataset itself; see `SampleEntry.origin`. */
export const mainSource = 'main';

/**
 * Adds the annotated training images of another dataset. They are trained on in every fold and never validated on, so
 * that figures with and without them compare; their people count as others, even where they are named alike. Names of
 * images and people begin with the dataset's name and a slash.
 *
 * @throws PhalanxError `data/other-classes`.
 */
export function withFurther(dataset: Dataset, further: Dataset, name: string): Dataset {
  if (dataset.classes.join('\n') !== further.classes.join('\n')) {
    throw new PhalanxError('data/other-classes', {
      what: `The further dataset ${name} has other classes`,
      where: further.root,
      expected: dataset.classes.join(', '),
      received: further.classes.join(', '),
    });
  }
  const original = new Map<SampleEntry, SampleEntry>();
  for (const entry of further.entries.train) {
    if (entry.annotationPath === undefined) continue;
    const added = { id: `${name}/${entry.id}`, person: `${name}/${entry.person}`, parents: [], origin: name };
    original.set({ ...entry, ...added }, entry);
  }
  const renamed = [...further.persons.values()].map((person) => ({ ...person, id: `${name}/${person.id}` }));
  const read =
    <Result>(of: (owner: Dataset, entry: SampleEntry) => Promise<Result>) =>
    (entry: SampleEntry): Promise<Result> => {
      const own = original.get(entry);
      return own === undefined ? of(dataset, entry) : of(further, own);
    };
  return {
    ...dataset,
    unknown: dataset.unknown === true || further.unknown === true,
    persons: new Map([...dataset.persons, ...renamed.map((person) => [person.id, person] as const)]),
    entries: { train: [...dataset.entries.train, ...original.keys()], test: dataset.entries.test },
    readSize: read((owner, entry) => owner.readSize(entry)),
    readImage: read((owner, entry) => owner.readImage(entry)),
    readLabels: read((owner, entry) => owner.readLabels(entry)),
  };
}
