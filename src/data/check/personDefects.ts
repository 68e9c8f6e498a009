import type { Dataset, Person, Split } from '../dataset.ts';
import type { Defect } from '../defect.ts';

/** What a living person can have. */
const limits = {
  age: { low: 0, high: 120, unit: 'years' },
  height: { low: 30, high: 250, unit: 'cm' },
  weight: { low: 0.5, high: 400, unit: 'kg' },
} as const;

type Measure = keyof typeof limits;

/** Body mass index that people reach, kilograms per square metre. */
const massIndex = { low: 7, high: 150 } as const;

export interface PersonRules {
  /** The metadata table, for messages; without it, nothing is said about people who have no row. */
  readonly table?: string;
}

/**
 * What cannot be about people: one of them on both sides, values that no one has, images without a row in the table.
 */
export function personDefects(
  dataset: Pick<Dataset, 'root' | 'entries' | 'persons'>,
  { table }: PersonRules,
): Defect[] {
  const personsOf = (split: Split): Set<string> =>
    new Set(dataset.entries[split].map(({ person }) => person));
  const sides = { train: personsOf('train'), test: personsOf('test') };
  const unlisted = [...new Set([...sides.train, ...sides.test])].filter((id) => !dataset.persons.has(id));
  const shared = [...sides.train].filter((person) => sides.test.has(person));
  return [
    ...shared.map((person) => onBothSides(person, dataset.root)),
    ...[...dataset.persons.values()].flatMap((person) => impossible(person, table ?? dataset.root)),
    ...(table === undefined ? [] : unlisted.map((person) => withoutRow(person, table))),
  ];
}

function withoutRow(person: string, file: string): Defect {
  return {
    severity: 'warning',
    code: 'metadata/missing-person',
    file,
    what: 'The metadata table lacks a person',
    expected: `a row with ID ${person}`,
  };
}

function impossible(person: Person, file: string): Defect[] {
  const defects = (Object.keys(limits) as Measure[]).flatMap((measure): Defect[] => {
    const { low, high, unit } = limits[measure];
    const value = person[measure];
    if (value === undefined || (value >= low && value <= high)) return [];
    const metres = measure === 'height' && value >= 1 && value <= 2.5;
    return [
      {
        severity: 'warning',
        code: 'metadata/impossible-value',
        file,
        what: `The ${measure} of ${person.id} cannot be`,
        expected: `from ${low} to ${high} ${unit}`,
        received: `${value}`,
        fix: metres ? `Write ${Math.round(100 * value)} if it is in metres` : 'Correct the table',
      },
    ];
  });
  const { height, weight } = person;
  if (defects.length > 0 || height === undefined || weight === undefined) return defects;
  const index = weight / (height / 100) ** 2;
  if (index >= massIndex.low && index <= massIndex.high) return [];
  return [
    {
      severity: 'warning',
      code: 'metadata/impossible-value',
      file,
      what: `Height and weight of ${person.id} do not go together`,
      expected: `a body mass index from ${massIndex.low} to ${massIndex.high}`,
      received: `${index.toFixed(1)} from ${height} cm and ${weight} kg`,
      fix: 'Check whether the two columns are exchanged',
    },
  ];
}

const onBothSides = (received: string, file: string): Defect => ({
  severity: 'error',
  code: 'leakage/person',
  file,
  what: 'A person is both in train and in test',
  expected: 'each person on one side only',
  received,
  fix: 'Remove the person from one side, or rename the folder if these are two persons',
});
