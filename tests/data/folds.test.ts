import { describe, expect, test } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { Dataset, Person, SampleEntry } from '../../src/data/dataset.ts';
import { foldSplit, makeFolds } from '../../src/data/folds.ts';

/** A dataset that is never read: persons of random sex with one to three images each. */
function randomDataset(seed: number, people: number): Dataset {
  const random = Random.from('folds test', seed);
  const persons = new Map<string, Person>();
  const train: SampleEntry[] = [];
  for (let i = 0; i < people; i++) {
    const id = `ID${i}`;
    const sex = random.choice(['female', 'male', undefined] as const);
    if (random.chance(0.9)) persons.set(id, { id, ...(sex === undefined ? {} : { sex }) });
    for (let image = random.integer(0, 3); image >= 0; image--) {
      train.push({ id: `${id}-${image}.png`, person: id, imagePath: '', annotationPath: '' });
    }
  }
  const unread = () => Promise.reject(new Error('not read in this test'));
  return {
    root: '/dataset',
    classes: [],
    persons,
    entries: { train, test: [] },
    readImage: unread,
    readLabels: unread,
    readSize: unread,
  };
}

const cases = Array.from({ length: 60 }, (_, seed) => {
  const random = Random.from('fold cases', seed);
  const people = random.integer(2, 60);
  return { seed, people, count: random.integer(2, Math.min(people, 8) + 1) };
});

describe.each(cases)('$people persons in $count folds, seed $seed', ({ seed, people, count }) => {
  const dataset = randomDataset(seed, people);
  const folds = makeFolds(dataset, { count, seed, stratify: 'sex' });
  const sides = Array.from({ length: count }, (_, index) => foldSplit(folds, index));
  const personsOf = (entries: readonly SampleEntry[]) => [...new Set(entries.map(({ person }) => person))];

  test('no person is on both sides, and the sides are everything', () => {
    for (const { train, validation } of sides) {
      const validated = new Set(personsOf(validation));
      expect(personsOf(train).filter((person) => validated.has(person))).toEqual([]);
      expect(new Set([...train, ...validation])).toEqual(new Set(dataset.entries.train));
      expect(train.length + validation.length).toBe(dataset.entries.train.length);
      expect(Math.min(train.length, validation.length)).toBeGreaterThan(0);
    }
  });

  test('every image is validated once', () => {
    const validated = sides.flatMap(({ validation }) => validation.map(({ id }) => id));
    expect(validated.sort()).toEqual(dataset.entries.train.map(({ id }) => id).sort());
  });

  test('folds differ by at most one person, and one of each sex', () => {
    const spread = (numbers: number[]) => Math.max(...numbers) - Math.min(...numbers);
    const counts = (keep: (person: string) => boolean) =>
      sides.map(({ validation }) => personsOf(validation).filter(keep).length);
    expect(spread(counts(() => true))).toBeLessThanOrEqual(1);
    for (const sex of ['female', 'male', undefined]) {
      expect(spread(counts((person) => dataset.persons.get(person)?.sex === sex))).toBeLessThanOrEqual(1);
    }
  });

  test('the order of images does not matter', () => {
    const train = Random.from(seed).shuffle(dataset.entries.train);
    const shuffled = makeFolds(
      { ...dataset, entries: { train, test: [] } },
      { count, seed, stratify: 'sex' },
    );
    expect(shuffled.foldOf).toEqual(folds.foldOf);
  });
});

test('the seed decides', () => {
  const dataset = randomDataset(1, 40);
  const foldOf = (seed: number) => makeFolds(dataset, { count: 5, seed, stratify: 'sex' }).foldOf;
  expect(foldOf(7)).toEqual(foldOf(7));
  expect(foldOf(7)).not.toEqual(foldOf(8));
});

test('sides keep the order of the dataset', () => {
  const dataset = randomDataset(2, 20);
  const { train } = foldSplit(makeFolds(dataset, { count: 4, seed: 0, stratify: 'none' }), 1);
  expect(train).toEqual(dataset.entries.train.filter((entry) => train.includes(entry)));
});

test('images without annotation take no part', () => {
  const dataset = randomDataset(3, 10);
  const [first, ...rest] = dataset.entries.train;
  const bare = { id: first!.id, person: first!.person, imagePath: '' };
  const folds = makeFolds(
    { ...dataset, entries: { train: [bare, ...rest], test: [] } },
    { count: 2, seed: 0, stratify: 'sex' },
  );
  expect(folds.entries).toEqual(rest);
});

test.each([0, 1, 1.5, -2, Number.NaN, 11])('%d folds of 10 persons are one clear error', (count) => {
  const make = () => makeFolds(randomDataset(4, 10), { count, seed: 0, stratify: 'sex' });
  expect(make).toThrow(expect.objectContaining({ code: 'folds/count' }));
  expect(make).toThrow(/from 2 folds to as many as there are persons with annotated training images, 10/);
});

test.each([-1, 5, 0.5])('there is no fold %d of 5', (index) => {
  const folds = makeFolds(randomDataset(5, 10), { count: 5, seed: 0, stratify: 'sex' });
  expect(() => foldSplit(folds, index)).toThrow(expect.objectContaining({ code: 'folds/index' }));
});

test('an image made from others is trained on only where all its parents are', () => {
  const dataset = randomDataset(6, 6);
  const plain = makeFolds(dataset, { count: 3, seed: 0, stratify: 'none' });
  const of = (index: number) => foldSplit(plain, index).validation[0]!;
  const child = (id: string, parents: SampleEntry[]): SampleEntry => ({
    id,
    person: parents[0]!.person,
    imagePath: '',
    annotationPath: '',
    parents: parents.map((parent) => parent.id),
  });
  const mosaic = child('mosaic.png', [of(0), of(1)]);
  const rotated = child('rotated.png', [of(2)]);
  const train = [...dataset.entries.train, mosaic, rotated];
  const folds = makeFolds(
    { ...dataset, entries: { train, test: [] } },
    { count: 3, seed: 0, stratify: 'none' },
  );
  expect(folds.foldOf).toEqual(plain.foldOf);
  const children = [0, 1, 2].map((index) => {
    const { train: side, validation } = foldSplit(folds, index);
    expect(validation.some(({ parents }) => parents !== undefined)).toBe(false);
    return side.filter(({ parents }) => parents !== undefined).map(({ id }) => id);
  });
  expect(children).toEqual([['rotated.png'], ['rotated.png'], ['mosaic.png']]);
});
