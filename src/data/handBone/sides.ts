import { annotationOf, placeOf } from '../check/checkedSample.ts';
import type { CheckedSample } from '../check/checkedSample.ts';
import type { LabelFacts } from '../check/labelFacts.ts';
import type { Defect } from '../defect.ts';
import { handBoneClasses } from './classes.ts';
import type { HandBoneClass } from './classes.ts';

/** Which hand a picture shows if the palm lies on the detector: a left hand has its thumb on the right. */
export type Side = 'left' | 'right';

type Names = readonly HandBoneClass[];

const hand: Names = handBoneClasses.slice(3, 19);
const forearm: Names = ['Radius', 'Ulna'];

/** Bones on the thumb's side and their counterparts on the little finger's. */
const pairs: readonly (readonly [Names, Names])[] = [
  [
    ['finger-1', 'finger-2', 'finger-3'],
    ['finger-17', 'finger-18', 'finger-19'],
  ],
  [
    ['finger-6', 'finger-7'],
    ['finger-14', 'finger-15'],
  ],
  [
    ['Trapezium', 'Trapezoid', 'Scaphoid'],
    ['Hamate', 'Triquetrum', 'Pisiform'],
  ],
  [['Radius'], ['Ulna']],
];

/** What each pair of bones says about the side, where both bones are labelled. */
export function sideVotes(labels: LabelFacts): Side[] {
  const [fingers, arm] = [middleOf(labels, hand), middleOf(labels, forearm)];
  if (fingers === undefined || arm === undefined) return [];
  const [upX, upY] = [fingers[0] - arm[0], fingers[1] - arm[1]];
  return pairs.flatMap(([radial, ulnar]) => {
    const [thumb, little] = [middleOf(labels, radial), middleOf(labels, ulnar)];
    if (thumb === undefined || little === undefined) return [];
    // Positive where the thumb lies to the right of the direction from the arm to the fingers (y grows downwards).
    const cross = upX * (thumb[1] - little[1]) - upY * (thumb[0] - little[0]);
    return [cross > 0 ? 'left' : 'right'];
  });
}

/** The hand that all votes agree on. */
export function sideOf(labels: LabelFacts): Side | undefined {
  const votes = sideVotes(labels);
  return votes.length > 0 && votes.every((vote) => vote === votes[0]) ? votes[0] : undefined;
}

/** The hand that a file's name claims to show, by `_L` or `_R` before the extension. */
export function namedSide(id: string): Side | undefined {
  const letter = /_([lr])\.\w+$/i.exec(id)?.[1]?.toLowerCase();
  return letter === undefined ? undefined : letter === 'l' ? 'left' : 'right';
}

/**
 * What contradicts itself about left and right: bones of the thumb's side on the little finger's, names that say the
 * other hand, two pictures of one person that show the same hand. Whether pictures are seen from the back or from the
 * palm is taken from the names' majority.
 */
export function sideDefects(samples: readonly CheckedSample[]): Defect[] {
  const judged = samples.flatMap((sample) => {
    if (sample.labels === undefined) return [];
    return [{ sample, votes: sideVotes(sample.labels), side: sideOf(sample.labels) }];
  });
  const named = judged.flatMap(({ sample, side }) => {
    const name = namedSide(sample.entry.id);
    return side === undefined || name === undefined ? [] : [{ sample, side, name }];
  });
  const contrary = named.filter(({ side, name }) => side !== name);
  const mirrored = contrary.length > named.length / 2;
  const wrong = mirrored ? named.filter(({ side, name }) => side === name) : contrary;
  return [
    ...judged.filter(({ votes }) => new Set(votes).size > 1).map(({ sample }) => contradiction(sample)),
    ...wrong.map(({ sample, name }) => otherHand(sample, name)),
    ...sameHandTwice(judged, new Set(wrong.map(({ sample }) => sample))),
  ];
}

type Judged = readonly { readonly sample: CheckedSample; readonly side: Side | undefined }[];

/** Share of the people with two pictures who must have one of each hand before anything is said about the others. */
const usuallyBoth = 0.8;

function sameHandTwice(judged: Judged, reported: ReadonlySet<CheckedSample>): Defect[] {
  const byPerson = new Map<string, { sample: CheckedSample; side: Side }[]>();
  for (const { sample, side } of judged) {
    if (side === undefined || sample.entry.parents !== undefined) continue;
    const own = byPerson.get(sample.entry.person) ?? [];
    byPerson.set(sample.entry.person, own);
    own.push({ sample, side });
  }
  const twos = [...byPerson.values()].filter((own) => own.length === 2);
  const same = twos.filter(([a, b]) => a!.side === b!.side);
  if (twos.length - same.length < usuallyBoth * twos.length) return [];
  return same
    .filter((own) => !own.some(({ sample }) => reported.has(sample)))
    .map(([first, second]) => ({
      severity: 'warning',
      code: 'image/same-hand',
      file: second!.sample.entry.imagePath,
      what: 'Both pictures of a person show the same hand',
      expected: 'one of each hand, as of the other people',
      received: `${second!.side === 'left' ? 'thumbs on the right' : 'thumbs on the left'} in it and in ${placeOf(first!.sample)}`,
      fix: 'Check whether one of them is mirrored or belongs to someone else',
    }));
}

const contradiction = (sample: CheckedSample): Defect => ({
  severity: 'warning',
  code: 'labels/sides',
  file: annotationOf(sample),
  what: "Bones of the thumb's side are labelled on the little finger's",
  expected: 'the thumb on the side of the radius and of the trapezium',
  fix: 'Look at the image: fingers or bones of the wrist are counted from the wrong side',
});

const otherHand = ({ entry }: CheckedSample, name: Side): Defect => ({
  severity: 'warning',
  code: 'image/other-hand',
  file: entry.imagePath,
  what: `The name says ${name} hand, the thumb is on the other side`,
  expected: `a ${name} hand, as the other names have it`,
  fix: 'Rename the image and its annotation, or turn it over if it is mirrored',
});

function middleOf({ areas, x, y }: LabelFacts, names: Names): [number, number] | undefined {
  const indices = names.map((name) => handBoneClasses.indexOf(name)).filter((index) => areas[index]! > 0);
  if (indices.length === 0) return undefined;
  const mean = (values: Float64Array): number =>
    indices.reduce((sum, index) => sum + values[index]!, 0) / indices.length;
  return [mean(x), mean(y)];
}
