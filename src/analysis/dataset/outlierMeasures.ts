import { logSize } from '../../data/check/arrangement.ts';
import { moved, scaleOf } from '../../data/check/alignment.ts';
import type { MeasuredSample } from './measureSample.ts';
import type { Alignments } from './positions.ts';

/** A quantity that images are compared by. */
export interface OutlierMeasure {
  /** Undefined where an image does not have it. */
  readonly value: (sample: MeasuredSample) => number | undefined;
  /** What is unusual, for a value that is. */
  readonly describe: (value: number, usual: number) => { readonly tag: string; readonly text: string };
  /** Differences below this are no news, however alike the other images are. */
  readonly floor: number;
  /** Differences above this are news, however different the other images are; not given where no one could say. */
  readonly ceiling?: number;
  /** The side on which values are unusual; both unless given. */
  readonly only?: 'below' | 'above';
}

/** The measures that a dataset with these classes has. */
export function outlierMeasures(
  classes: readonly string[],
  likeness: ReadonlyMap<MeasuredSample, number>,
  alignments: Alignments | undefined,
): OutlierMeasure[] {
  return [
    ...imageMeasures(likeness),
    {
      value: ({ tilt }) => tilt,
      describe: (value) => ({
        tag: 'tilted',
        text: `labels tilted by ${Math.abs(value).toFixed(0)}° to the ${value > 0 ? 'right' : 'left'}`,
      }),
      floor: 6,
    },
    {
      value: ({ wristAngle }) => wristAngle,
      describe: (value) => ({
        tag: 'bent-wrist',
        text: `wrist bent by ${Math.abs(value).toFixed(0)}° towards the ${value > 0 ? 'little finger' : 'thumb'}`,
      }),
      floor: 8,
      ceiling: 16,
    },
    ...(alignments === undefined ? [] : [scaleMeasure(alignments)]),
    ...classes.flatMap((name, c) => [
      areaMeasure(name, c, alignments),
      ...(alignments === undefined ? [] : [placeMeasure(name, c, alignments)]),
    ]),
  ];
}

function imageMeasures(likeness: ReadonlyMap<MeasuredSample, number>): OutlierMeasure[] {
  return [
    {
      value: ({ image }) => image.mean,
      describe: (value, usual) => ({
        tag: value < usual ? 'dark' : 'bright',
        text: `brightness ${value.toFixed(0)} where ${usual.toFixed(0)} is usual`,
      }),
      floor: 4,
    },
    {
      value: ({ image }) => image.deviation,
      describe: (value, usual) => ({
        tag: value < usual ? 'low-contrast' : 'high-contrast',
        text: `contrast ${value.toFixed(0)} where ${usual.toFixed(0)} is usual`,
      }),
      floor: 4,
    },
    {
      // Fisher's transformation: correlations crowd below 1.
      value: (sample) => {
        const correlation = likeness.get(sample);
        return correlation === undefined ? undefined : Math.atanh(Math.min(0.9999, correlation));
      },
      describe: (value, usual) => ({
        tag: 'unlike-others',
        text: `likeness to the usual image ${Math.tanh(value).toFixed(2)} where ${Math.tanh(usual).toFixed(2)} is usual`,
      }),
      floor: 0.3,
      only: 'below',
    },
  ];
}

/** How large the arrangement is drawn, in shares of the image's longer side. */
function scaleMeasure({ similarities }: Alignments): OutlierMeasure {
  return {
    value: ({ labels }) => {
      const similarity = labels && similarities.get(labels);
      if (labels === undefined || similarity === undefined) return undefined;
      return -Math.log(scaleOf(similarity) * Math.max(labels.width, labels.height));
    },
    describe: (value, usual) => ({
      tag: value < usual ? 'small' : 'large',
      text: `the classes together ${Math.exp(value - usual).toFixed(2)} times as large as usual`,
    }),
    floor: 0.15,
  };
}

/** A class's area: beside the other classes where there is an arrangement, else in shares of the image. */
function areaMeasure(name: string, c: number, alignments: Alignments | undefined): OutlierMeasure {
  return {
    value: ({ labels }) => {
      if (labels === undefined || labels.areas[c] === 0) return undefined;
      if (alignments === undefined) return Math.log(labels.areas[c]! / (labels.width * labels.height));
      const similarity = alignments.similarities.get(labels);
      return similarity && logSize(labels, c, similarity);
    },
    describe: (value, usual) => ({
      tag: 'unusual-area',
      text: `area of ${name} ${Math.exp(value - usual).toFixed(2)} times the usual`,
    }),
    floor: 0.25,
  };
}

/** How far a class lies from its place in the arrangement. */
function placeMeasure(name: string, c: number, { pattern, similarities }: Alignments): OutlierMeasure {
  return {
    value: ({ labels }) => {
      const similarity = labels && similarities.get(labels);
      if (labels === undefined || similarity === undefined || labels.areas[c] === 0) return undefined;
      const [x, y] = moved(similarity, labels.x[c]!, labels.y[c]!);
      const distance = Math.hypot(x - pattern.x[c]!, y - pattern.y[c]!);
      return Number.isNaN(distance) ? undefined : distance;
    },
    describe: (value, usual) => ({
      tag: 'unusual-place',
      text: `${name} ${(value / usual).toFixed(1)} times as far from its place as usual`,
    }),
    floor: 0.1,
    only: 'above',
  };
}
