import type { Person } from '../../data/dataset.ts';
import type { Distribution, SampleMeasures } from './schema.ts';
import { binned, meanAndDeviation, quantile } from './statistics.ts';

type Group = Distribution['groups'][number]['name'];

/** Wished number of bins. */
const bins = 16;

/** Histograms of what is known of images, and of people by sex; nothing is said of what no one has. */
export function distributionsOf(
  samples: readonly SampleMeasures[],
  people: readonly Person[],
): Distribution[] {
  const ofImages = (['brightness', 'contrast', 'tilt', 'wristAngle'] as const).flatMap((measure) =>
    distribution('images', measure, new Map([['all', samples.flatMap((sample) => sample[measure] ?? [])]])),
  );
  const ofPeople = (['age', 'height', 'weight'] as const).flatMap((measure) => {
    const groups = (['female', 'male', 'unknown'] as const).map((group): [Group, number[]] => [
      group,
      people.filter(({ sex = 'unknown' }) => sex === group).flatMap((person) => person[measure] ?? []),
    ]);
    return distribution('people', measure, new Map(groups));
  });
  return [...ofImages, ...ofPeople];
}

function distribution(
  of: Distribution['of'],
  measure: Distribution['measure'],
  values: ReadonlyMap<Group, readonly number[]>,
): Distribution[] {
  const groups = [...values].filter(([, own]) => own.length > 0);
  if (groups.length === 0) return [];
  const { edges, counts } = binned(
    groups.map(([, own]) => own),
    bins,
  );
  return [
    {
      of,
      measure,
      edges: [...edges],
      groups: groups.map(([name, own], group) => {
        const sorted = [...own].sort((a, b) => a - b);
        const at = (share: number): number => quantile(sorted, share);
        return {
          name,
          counts: [...counts[group]!],
          ...meanAndDeviation(own)!,
          quartiles: [at(0), at(0.25), at(0.5), at(0.75), at(1)],
        };
      }),
    },
  ];
}
