import { expect, it } from 'vitest';
import { offlineSettingsSchema } from '../../src/augment/offline/options.ts';
import { planOffline } from '../../src/augment/offline/plan.ts';
import { Random } from '../../src/core/random.ts';
import type { Dataset, Person, SampleEntry } from '../../src/data/dataset.ts';
import { foldSplit, makeFolds } from '../../src/data/folds.ts';
import type { FoldOptions } from '../../src/data/folds.ts';

/** People with one to three images each, some of them without annotation; nothing of it can be read. */
function randomDataset(random: Random): Dataset {
  const train: SampleEntry[] = [];
  const persons = new Map<string, Person>();
  const people = random.integer(6, 20);
  for (let p = 0; p < people; p++) {
    const person = `ID${p}`;
    persons.set(person, { id: person, sex: random.choice(['female', 'male'] as const) });
    for (let i = random.integer(1, 4); i > 0; i--) {
      const id = `image-${p}-${i}.png`;
      const annotated = random.chance(0.95) || i === 1;
      train.push({ id, person, imagePath: id, ...(annotated ? { annotationPath: `${id}.json` } : {}) });
    }
  }
  const refuse = () => Promise.reject(new Error('planning reads nothing'));
  return {
    root: 'random',
    classes: ['bone'],
    persons,
    entries: { train, test: [] },
    readSize: refuse,
    readImage: refuse,
    readLabels: refuse,
  };
}

const settings = offlineSettingsSchema.parse({
  mosaic: { count: 12 },
  rotation: { count: 5 },
  ricap: { count: 9 },
  copyPaste: { count: 9 },
  variants: [{ transform: { name: 'CLAHE', p: 1 }, count: 15 }],
});

function randomFolds(random: Random): FoldOptions {
  // Two people in every fold at least, so that there is somebody to paste from.
  return {
    count: random.integer(2, 4),
    seed: random.integer(0, 100),
    stratify: random.choice(['sex', 'none'] as const),
  };
}

it('a child trains exactly where its parents do, whatever the people and the folds', () => {
  for (let round = 0; round < 60; round++) {
    const random = Random.from('leakage', round);
    const dataset = randomDataset(random);
    const options = randomFolds(random);
    const folds = makeFolds(dataset, options);
    const { children } = planOffline(folds.entries, ({ person }) => folds.foldOf.get(person)!, settings);
    expect(children).toHaveLength(50);
    const foldsOf = new Map(
      children.map(({ name, parents }) => [
        `${name}.png`,
        new Set(parents.map(({ person }) => folds.foldOf.get(person))),
      ]),
    );
    for (const { kind, parents, name } of children) {
      if (kind !== 'rotation') expect(foldsOf.get(`${name}.png`)!.size, kind).toBe(1);
      if (kind === 'copyPaste') expect(parents[0]!.person).not.toBe(parents[1]!.person);
    }
    // Of a rotation's candidates one is turned.
    const made = children.map(({ name, kind, parents }): SampleEntry => ({
      id: `${name}.png`,
      person: name,
      imagePath: name,
      annotationPath: name,
      parents: (kind === 'rotation' ? [random.choice(parents)] : parents).map(({ id }) => id),
    }));
    const joint = { ...dataset, entries: { train: [...dataset.entries.train, ...made], test: [] } };
    const personOf = new Map(dataset.entries.train.map(({ id, person }) => [id, person]));
    for (const declared of [options, randomFolds(random)]) {
      const jointFolds = makeFolds(joint, declared);
      const trainedIn = new Map<string, number>();
      for (let fold = 0; fold < declared.count; fold++) {
        const { train, validation } = foldSplit(jointFolds, fold);
        const validated = new Set(validation.map(({ person }) => person));
        expect(validation.every(({ parents }) => parents === undefined)).toBe(true);
        for (const { id, parents } of train) {
          if (parents === undefined) continue;
          expect(parents.some((parent) => validated.has(personOf.get(parent)!))).toBe(false);
          trainedIn.set(id, (trainedIn.get(id) ?? 0) + 1);
        }
      }
      // With the folds that it was made for a child is left out of one alone: its parents'.
      if (declared !== options) continue;
      for (const { id } of made) expect(trainedIn.get(id)).toBe(options.count - 1);
    }
  }
});

it('every image has its turn before a variant takes one again', () => {
  const dataset = randomDataset(Random.from('turns'));
  const annotated = dataset.entries.train.filter(({ annotationPath }) => annotationPath !== undefined);
  const counted = offlineSettingsSchema.parse({
    variants: [{ transform: { name: 'CLAHE' }, count: 2 * annotated.length }],
  });
  const { children } = planOffline(annotated, () => 0, counted);
  const ids = annotated.map(({ id }) => id).sort();
  for (const half of [children.slice(0, annotated.length), children.slice(annotated.length)]) {
    expect(half.map(({ parents }) => parents[0]!.id).sort()).toEqual(ids);
  }
});
