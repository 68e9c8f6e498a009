import type { Component } from '../../labels/components.ts';
import type { Defect } from '../defect.ts';
import { fewestImages, learnArrangement } from './arrangement.ts';
import { annotationOf } from './checkedSample.ts';
import type { CheckedSample } from './checkedSample.ts';
import type { LabelFacts } from './labelFacts.ts';
import { findSwaps } from './swappedLabels.ts';

export interface LabelRules {
  readonly classes: readonly string[];
  /** False where the reader itself reports classes that an annotation lacks. */
  readonly reportMissing?: boolean;
}

/** A sample whose labels could be read. */
type Labelled = CheckedSample & { readonly labels: LabelFacts };

/** What most images have is the rule; the share of images that may deviate from it. */
const rare = 0.05;

/**
 * What is odd about labels, judged by the other images: classes missing that nearly all have, crumbs and holes in
 * classes that are whole elsewhere, overlaps that no other image has, and exchanged labels. Of fewer than ten annotated
 * images nothing is said.
 */
export function labelDefects(samples: readonly CheckedSample[], rules: LabelRules): Defect[] {
  const labelled = samples.filter((sample): sample is Labelled => sample.labels !== undefined);
  if (labelled.length < fewestImages) return [];
  const arrangement = learnArrangement(labelled.map(({ labels }) => labels));
  const swapped = new Map<CheckedSample, ReadonlySet<number>>();
  const defects: Defect[] = [];
  if (arrangement !== undefined) {
    for (const sample of labelled) {
      const swaps = findSwaps(sample.labels, arrangement);
      swapped.set(sample, new Set(swaps.flatMap(({ classes }) => classes)));
      for (const { classes } of swaps) defects.push(swappedLabels(sample, classes, rules.classes));
    }
  }
  if (rules.reportMissing !== false) defects.push(...missingClasses(labelled, rules.classes));
  defects.push(
    ...crumbs(labelled, rules.classes),
    ...holes(labelled, rules.classes),
    ...newOverlaps(labelled, rules.classes, swapped),
  );
  return defects;
}

function swappedLabels(
  sample: Labelled,
  [a, b]: readonly [number, number],
  classes: readonly string[],
): Defect {
  return {
    severity: 'warning',
    code: 'labels/swapped',
    file: annotationOf(sample),
    what: `The labels ${classes[a]} and ${classes[b]} seem to be exchanged`,
    expected: `${classes[a]} where it lies in the other images`,
    received: `${classes[b]} in its place`,
    fix: 'Look at the image, and exchange the two labels if so',
  };
}

function missingClasses(labelled: readonly Labelled[], classes: readonly string[]): Defect[] {
  return classes.flatMap((name, c) => {
    const without = labelled.filter(({ labels }) => labels.areas[c] === 0);
    if (without.length > Math.max(1, rare * labelled.length)) return [];
    return without.map((sample): Defect => ({
      severity: 'warning',
      code: 'labels/missing-class',
      file: annotationOf(sample),
      what: 'A class is missing that nearly all images have',
      expected: `pixels of ${name}`,
    }));
  });
}

/** A piece this much smaller than the largest one of its class is a crumb. */
const crumbShare = 0.02;
/** Holes smaller than this share of their class are the mark of rounding. */
const holeShare = 0.001;

function crumbs(labelled: readonly Labelled[], classes: readonly string[]): Defect[] {
  return classes.flatMap((name, c) => {
    const crumbsOf = ({ labels }: Labelled) => {
      const [whole, ...rest] = labels.pieces[c]!;
      return rest.filter(({ area }) => area < crumbShare * whole!.area);
    };
    const found = labelled.filter((sample) => crumbsOf(sample).length > 0);
    if (found.length > Math.max(1, rare * labelled.length)) return [];
    return found.map((sample): Defect => {
      const [largest] = crumbsOf(sample);
      const count = crumbsOf(sample).length;
      return {
        severity: 'warning',
        code: 'labels/fragment',
        file: annotationOf(sample),
        what: `The class ${name} has a piece apart from the rest`,
        expected: 'one piece, as in the other images',
        received: `${count === 1 ? '' : `${count} pieces, the largest of them `}${largest!.area} pixels at ${placeIn(largest!)}`,
        fix: 'Remove it if it is a slip of the pen',
      };
    });
  });
}

function holes(labelled: readonly Labelled[], classes: readonly string[]): Defect[] {
  return classes.flatMap((name, c) => {
    const holesOf = ({ labels }: Labelled) =>
      labels.holes[c]!.filter(({ area }) => area > holeShare * labels.areas[c]!);
    const found = labelled.filter((sample) => holesOf(sample).length > 0);
    if (found.length > Math.max(1, rare * labelled.length)) return [];
    return found.map((sample): Defect => {
      const [largest] = holesOf(sample);
      return {
        severity: 'warning',
        code: 'labels/hole',
        file: annotationOf(sample),
        what: `The class ${name} has a hole`,
        expected: 'none, as in the other images',
        received: `${largest!.area} pixels at ${placeIn(largest!)}`,
        fix: 'Fill it if it belongs to the class',
      };
    });
  });
}

const placeIn = ({ centroid: [x, y] }: Component): string => `(${x.toFixed(0)}, ${y.toFixed(0)})`;

/** Shared pixels count from this share of the smaller class on. */
const overlapShare = 0.08;

function newOverlaps(
  labelled: readonly Labelled[],
  classes: readonly string[],
  swapped: ReadonlyMap<CheckedSample, ReadonlySet<number>>,
): Defect[] {
  const images = new Map<string, number>();
  for (const { labels } of labelled) {
    for (const { classes: pair } of labels.overlaps) {
      images.set(pair.join(), (images.get(pair.join()) ?? 0) + 1);
    }
  }
  return labelled.flatMap((sample) => {
    const { areas, overlaps } = sample.labels;
    return overlaps
      .filter(({ classes: [a, b], pixels }) => {
        const explained = swapped.get(sample)?.has(a) === true || swapped.get(sample)?.has(b) === true;
        const large = pixels > overlapShare * Math.min(areas[a]!, areas[b]!);
        return images.get([a, b].join()) === 1 && large && !explained;
      })
      .map(({ classes: [a, b], pixels }): Defect => ({
        severity: 'warning',
        code: 'labels/unusual-overlap',
        file: annotationOf(sample),
        what: `The classes ${classes[a]} and ${classes[b]} share pixels, which they do in no other image`,
        received: `${pixels} pixels, ${Math.round((100 * pixels) / Math.min(areas[a]!, areas[b]!))} % of the smaller class`,
        fix: 'Look at the image, and correct the outline of one of the two',
      }));
  });
}
