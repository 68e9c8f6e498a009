import type { LabelFacts } from '../../data/check/labelFacts.ts';
import type { Person } from '../../data/dataset.ts';
import type { MeasuredSample } from './measureSample.ts';
import { positionInArrangement, positionInImage } from './positions.ts';
import type { Alignments } from './positions.ts';
import type { ClassStatistics } from './schema.ts';
import { meanAndDeviation, trendOf } from './statistics.ts';
import type { MeanAndDeviation } from './statistics.ts';

type Labelled = MeasuredSample & { readonly labels: LabelFacts };

/** An image that has the class. */
interface Holder {
  readonly area: number;
  readonly person: Person | undefined;
}

/** How large each class is, in whom, and where it lies. */
export function classStatistics(
  classes: readonly string[],
  samples: readonly Labelled[],
  persons: ReadonlyMap<string, Person>,
  alignments: Alignments | undefined,
): ClassStatistics[] {
  const labels = samples.map((sample) => sample.labels);
  return classes.map((name, index) => {
    const holders = samples
      .map(({ labels: { areas }, entry }) => ({ area: areas[index]!, person: persons.get(entry.person) }))
      .filter(({ area }) => area > 0);
    const all = meanAndDeviation(holders.map(({ area }) => area));
    const [female, male] = (['female', 'male'] as const).map((sex) =>
      meanAndDeviation(holders.filter(({ person }) => person?.sex === sex).map(({ area }) => area)),
    );
    const ageTrend = trendWithAge(holders, all);
    const inImage = positionInImage(labels, index);
    const inArrangement = alignments && positionInArrangement(labels, index, alignments);
    return {
      name,
      area: all ?? { mean: 0, deviation: 0, count: 0 },
      areaBySex: { ...(female && { female }), ...(male && { male }) },
      areaByAge: areaByAge(holders),
      ...(ageTrend && { ageTrend }),
      absentFrom: samples.filter(({ labels: { areas } }) => areas[index] === 0).map(({ entry }) => entry.id),
      ...(inImage && { inImage }),
      ...(inArrangement && { inArrangement }),
    };
  });
}

function areaByAge(holders: readonly Holder[]): ClassStatistics['areaByAge'] {
  const byDecade = new Map<number, number[]>();
  for (const { area, person } of holders) {
    if (person?.age === undefined) continue;
    const decade = 10 * Math.floor(person.age / 10);
    byDecade.set(decade, [...(byDecade.get(decade) ?? []), area]);
  }
  return [...byDecade]
    .sort(([a], [b]) => a - b)
    .map(([from, own]) => ({
      from,
      to: from + 10,
      area: meanAndDeviation(own)!,
    }));
}

function trendWithAge(
  holders: readonly Holder[],
  all: MeanAndDeviation | undefined,
): ClassStatistics['ageTrend'] {
  const trend = trendOf(
    holders.flatMap(({ area, person }): [number, number][] =>
      person?.age === undefined ? [] : [[person.age, area]],
    ),
  );
  if (trend === undefined || all === undefined) return undefined;
  const { count, correlation, slope } = trend;
  return { count, correlation, perDecade: (10 * slope) / all.mean };
}
